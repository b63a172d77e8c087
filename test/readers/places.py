"""Where other programs place the three brightest voxels of each volume in a folder. Prints one line of JSON.

A volume is a NIfTI file, or a folder of DICOM files. Places are [x, y, z] in mm in DICOM's coordinates (LPS), the
brightest voxel first, for each reader."""
import json
import pathlib
import sys

import nibabel
import numpy
import pydicom
import SimpleITK


def brightest(array):
    order = numpy.argsort(array, axis=None)[::-1][:3]
    return [[int(i) for i in numpy.unravel_index(at, array.shape)] for at in order]


def by_nibabel(path, form="affine"):
    image = nibabel.load(path)
    affine = image.affine if form == "affine" else image.header.get_qform(coded=True)[0]
    if affine is None:
        return None
    placed = [affine @ [*voxel, 1] for voxel in brightest(numpy.asarray(image.dataobj))]
    return [[-float(x), -float(y), float(z)] for x, y, z, _ in placed]


def by_simpleitk(image):
    voxels = brightest(SimpleITK.GetArrayFromImage(image))
    return [list(image.TransformIndexToPhysicalPoint([i, j, k])) for k, j, i in voxels]


def by_pydicom(folder):
    found = []
    for path in folder.glob("*.dcm"):
        file = pydicom.dcmread(path)
        right, down = numpy.reshape([float(each) for each in file.ImageOrientationPatient], (2, 3))
        first = numpy.array([float(each) for each in file.ImagePositionPatient])
        spacing = [float(each) for each in file.PixelSpacing]
        for row, column in brightest(file.pixel_array):
            value = float(file.pixel_array[row, column])
            found.append((value, list(first + column * spacing[1] * right + row * spacing[0] * down)))
    return [[float(each) for each in place] for _, place in sorted(found, reverse=True)[:3]]


def series(folder):
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return by_simpleitk(reader.Execute())


def facts(folder):
    files = sorted((pydicom.dcmread(path) for path in folder.glob("*.dcm")), key=lambda file: int(file.InstanceNumber))
    wanted = ["SOPClassUID", "FrameOfReferenceUID", "SeriesInstanceUID", "StudyInstanceUID"]
    return {
        **{name: sorted({str(file.get(name)) for file in files}) for name in wanted},
        "SpacingBetweenSlices": [float(file.get("SpacingBetweenSlices", 0)) for file in files],
        "SliceLocation": [float(file.get("SliceLocation", 0)) for file in files],
        "SliceThickness": [float(file.SliceThickness) for file in files],
    }


root = pathlib.Path(sys.argv[1])
result = {}
for path in sorted(root.iterdir()):
    if path.name.endswith((".nii", ".nii.gz")):
        result[path.name] = {
            "nibabel": by_nibabel(path),
            "nibabel, qform": by_nibabel(path, "qform"),
            "SimpleITK": by_simpleitk(SimpleITK.ReadImage(str(path))),
        }
    elif path.is_dir():
        result[path.name] = {"pydicom": by_pydicom(path), "SimpleITK": series(path), "facts": facts(path)}
print(json.dumps(result))
