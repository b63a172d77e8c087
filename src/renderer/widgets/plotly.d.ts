/** The bundle that is loaded; its types are the package's. */
declare module 'plotly.js/dist/plotly-basic.min.js' {
  import * as Plotly from 'plotly.js'

  const library: typeof Plotly
  export default library
}
