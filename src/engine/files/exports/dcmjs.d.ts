/** dcmjs brings no types. */
declare module 'dcmjs' {
  const library: import('./dicom-library.ts').DicomLibrary
  export default library
}
