/** The page's style sheet, for a dark screen, a light screen and print. */
export const STYLE = `
:root {
  color-scheme: dark light; --page: #14171c; --line: #262b33;
  --text: #e6e9ee; --secondary: #9aa4b2; --accent: #5aa2ff; --amber: #e8b04b
}
@media (prefers-color-scheme: light) {
  :root {
    --page: #ffffff; --line: #d9dde3;
    --text: #171b21; --secondary: #525c6a; --accent: #0b5cc4; --amber: #8a5a00
  }
}
* { box-sizing: border-box }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 13px/20px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums
}
main { max-width: 1680px; margin: 0 auto; padding: 24px }
h1 { font-size: 20px; line-height: 28px; margin: 0 }
h2 { font-size: 15px; line-height: 20px; margin: 32px 0 12px }
p { margin: 8px 0; max-width: 110ch }
.secondary, dt { color: var(--secondary) }
.badge {
  display: inline-block; margin-left: 12px; padding: 0 8px; border: 1px solid var(--amber); border-radius: 4px;
  color: var(--amber); font-size: 12px; font-weight: 600; letter-spacing: .04em; vertical-align: 3px
}
.scroll { overflow-x: auto }
figure { margin: 20px 0 0; border-radius: 4px; background: #0b0d10 }
figure > svg { display: block; max-width: 100%; height: auto; min-width: 960px }
table { border-collapse: collapse; white-space: nowrap }
.wide { width: 100% }
th, td { padding: 6px 8px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { padding-left: 0 }
thead th { color: var(--secondary); font-weight: 500; vertical-align: bottom; white-space: normal }
thead tr:not(:last-child) > * { border-bottom: 0; padding-bottom: 0 }
thead .group { color: var(--text) }
tbody th { font-weight: 600; white-space: normal; min-width: 200px }
.number { text-align: right }
.start { padding-left: 24px }
.words { white-space: normal; min-width: 110px }
.section th { padding-top: 16px; color: var(--secondary); font-weight: 500 }
.warning { color: var(--amber); font-weight: 600 }
ul.plain { padding-left: 18px; list-style: disc; max-width: 110ch }
small { display: block; color: var(--secondary); font-size: 12px; line-height: 16px; font-weight: 400 }
.dot { display: inline-block; width: 10px; height: 10px; margin-left: 2px; border-radius: 2px }
details { border-bottom: 1px solid var(--line) }
summary { padding: 8px 0; cursor: pointer }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
details .scroll { padding: 0 0 16px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; margin: 0 }
dd { margin: 0 }
code { font: 12px/18px ui-monospace, 'DejaVu Sans Mono', monospace }
.path { display: block; min-width: 24ch; white-space: normal; overflow-wrap: anywhere }
.hash { display: block; width: 32ch; white-space: normal; word-break: break-all }
.split { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 24px }
.split h3 { margin: 0 0 4px; font-size: 13px; font-weight: 500; color: var(--secondary) }
ul { margin: 0; padding: 0; list-style: none }
.split li { overflow-wrap: anywhere }
footer { margin-top: 32px; padding-top: 12px; border-top: 1px solid var(--line) }
@media screen and (max-width: 1240px) {
  table { font-size: 12px }
  th, td { padding: 6px 3px }
  .start { padding-left: 10px }
  tbody th { min-width: 120px }
}
@page { size: A4 landscape; margin: 12mm }
@media print {
  :root {
    color-scheme: light; --page: #ffffff; --line: #c4c9d1;
    --text: #000000; --secondary: #444b55; --amber: #6b4600
  }
  body { font-size: 9px; line-height: 13px; print-color-adjust: exact }
  main { padding: 0 }
  .scroll { overflow: visible }
  figure > svg { min-width: 0 }
  th, td { padding: 3px 5px }
  .start { padding-left: 10px }
  small, code { font-size: 8px; line-height: 11px }
  figure, tr, .split { break-inside: avoid }
  h2, summary { break-after: avoid }
  h2 { margin-top: 16px }
  details::details-content { content-visibility: visible; block-size: auto }
}
`
