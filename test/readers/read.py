"""Reads the files of a folder with other programs' libraries, and prints one line of JSON, by file name."""
import json
import pathlib
import sys

import h5py
import nibabel
import numpy
import pydicom
import SimpleITK
from pydicom.pixels import apply_modality_lut, apply_voi_lut, apply_windowing


def listed(array):
    return numpy.asarray(array, dtype=numpy.float64).ravel().tolist()


def by_simpleitk(path):
    image = SimpleITK.ReadImage(str(path))
    return {"spacing": image.GetSpacing(), "values": listed(SimpleITK.GetArrayFromImage(image))}


def read_dicom(path):
    dataset = pydicom.dcmread(path)
    stored = dataset.pixel_array
    rescaled = apply_modality_lut(stored, dataset)
    real = dataset.RealWorldValueMappingSequence[0]
    # Without the function, this reads as a viewer without VOI LUT functions, which may also round to 16-bit integers.
    shown = apply_voi_lut(rescaled, dataset)
    del dataset.VOILUTFunction
    wanted = [
        "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "InstanceNumber", "Modality",
        "PixelSpacing", "SliceThickness", "ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID",
        "ImageComments", "ContentQualification", "WindowWidth", "PatientID",
    ]
    return {
        "attributes": {name: plain(dataset[name].value) for name in wanted if name in dataset},
        "shape": stored.shape,
        "rescaled": listed(rescaled),
        "slope": float(dataset.RescaleSlope),
        "values": listed(stored * real.RealWorldValueSlope + real.RealWorldValueIntercept),
        "realSlope": real.RealWorldValueSlope,
        "shown": listed(shown),
        "shownLinear": listed(apply_windowing(rescaled, dataset)),
        "shownAsIntegers": listed(apply_windowing(numpy.rint(rescaled).astype(numpy.int16), dataset)),
        "simpleitk": by_simpleitk(path),
    }


def plain(value):
    if isinstance(value, (pydicom.multival.MultiValue, list)):
        return [plain(each) for each in value]
    return float(value) if isinstance(value, (float, int)) else str(value)


def read_nifti(path):
    image = nibabel.load(path)
    header = image.header
    return {
        "shape": image.shape,
        "zooms": [float(zoom) for zoom in header.get_zooms()],
        "units": header.get_xyzt_units()[0],
        "codes": [int(header["qform_code"]), int(header["sform_code"])],
        "auxFile": header["aux_file"].item().decode(),
        "values": listed(image.get_fdata().T),
        "simpleitk": by_simpleitk(path),
    }


def read_hdf5(path):
    with h5py.File(path) as file:
        dataset = file["reconstruction"]
        return {"shape": dataset.shape, "type": str(dataset.dtype), "values": listed(dataset)}


def read_npy(path):
    array = numpy.load(path)
    return {"shape": array.shape, "type": str(array.dtype), "values": listed(array)}


READERS = {".dcm": read_dicom, ".gz": read_nifti, ".nii": read_nifti, ".h5": read_hdf5, ".npy": read_npy}

root = pathlib.Path(sys.argv[1])
print(json.dumps({
    path.relative_to(root).as_posix(): READERS[path.suffix](path)
    for path in sorted(root.rglob("*"))
    if path.suffix in READERS
}))
