"""What Streamlit's theme leaves open: spacing, the timeline, print. Colours follow the theme."""

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<path fill="#1b7f4d" d="M16 2 25 14h-4l6 8H18v8h-4v-8H5l6-8H7z"/></svg>'
)
"""A tree; Streamlit would fetch its own icons from elsewhere."""

STYLE = """
<style>
.block-container {padding-top: 4rem; padding-bottom: 3rem;}
.st-key-languages {margin-bottom: -2.5rem;}
/* Streamlit's own contrast and targets fall short of WCAG 2.2 AA here. */
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p {
  opacity: 1 !important; color: light-dark(#4b5563, #c9ced6) !important;}
[data-testid="stCaptionContainer"] a {color: inherit !important;}
button[data-variant][data-selected="true"] p,
[data-testid="stSliderThumbValue"] p {
  color: light-dark(#14432a, #d9f2e4) !important; font-weight: 600;}
[data-testid="stDateInput"] [role="spinbutton"], [data-testid="stTimeInput"] [role="spinbutton"] {
  display: inline-block; min-width: 24px; min-height: 24px; text-align: center;}
.lm-timeline {list-style: none; margin: 0; padding: 0;}
.lm-timeline li {list-style: none; padding: 0; margin: 0;
  display: grid; grid-template-columns: 2.8rem 1rem 1fr; gap: .5rem;}
.lm-timeline li > :last-child {min-width: 0; overflow-wrap: anywhere;}
.lm-timeline .time {text-align: right; font-variant-numeric: tabular-nums; font-weight: 600;}
.lm-timeline .bar {border-left: 5px solid currentColor; margin-left: .4rem; min-height: 100%;}
.lm-timeline .bar.dashed {border-left-style: dotted;}
.lm-timeline .dot {width: .9rem; height: .9rem; margin-top: .3rem; border-radius: 50%;
  border: 3px solid currentColor;}
.lm-timeline .way {padding: .2rem 0 .6rem;}
.lm-timeline .fine {opacity: .85; font-size: .9rem;}
.lm-badge {display: inline-block; padding: 0 .45rem; border-radius: .35rem; font-weight: 700;
  color: #fff;}
.lm-print {font: inherit; padding: .4rem .8rem; border-radius: .5rem; cursor: pointer;
  color: inherit; background: transparent; border: 1px solid light-dark(#8a919c, #7a818c);}
.lm-print:hover, .lm-print:focus-visible {border-color: currentColor;}
.lm-scroll {overflow-x: auto;}
.lm-table {border-collapse: collapse; width: 100%; font-size: .9rem;}
.lm-table caption {text-align: left; opacity: .85; padding-bottom: .3rem;}
.lm-table th, .lm-table td {padding: .35rem .6rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid rgba(128, 128, 128, .35);}
.lm-table th:first-child {text-align: left; font-weight: 500; min-width: 9rem;}
.lm-times th:first-child {text-align: right; font-weight: 700; min-width: 0;}
.lm-table thead th {font-weight: 700;}
.lm-table .fine {opacity: .85; font-size: .8rem; white-space: nowrap;}
.lm-better {background: rgba(0, 158, 115, .2);}
.lm-worse {background: rgba(213, 94, 0, .2);}
.lm-different {background: rgba(128, 128, 128, .18);}
.lm-words td, .lm-words thead th {text-align: left;}
.lm-words td:nth-child(3) {min-width: 15rem;}
.lm-walks td, .lm-walks thead th {text-align: left;}
.lm-walks td {white-space: nowrap;}
.lm-walks td:last-child {min-width: 14rem; white-space: normal;}
.lm-light {white-space: nowrap;}
.lm-light::before {content: ""; display: inline-block; width: .8rem; height: .8rem;
  margin-right: .4rem; border-radius: 50%; vertical-align: -1px; background: #b58100;}
.lm-light.kept::before {background: #1b7f4d;}
.lm-light.broken::before {background: #c8321f; border-radius: 0;}
.lm-why {list-style: none; margin: 0; padding: 0;}
.lm-why li {font-size: .9rem; margin: 0 0 .3rem; padding: 0; white-space: normal;}
.lm-legend {font-size: .85rem; opacity: .85;}
.lm-key {list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1rem;
  margin: 0 !important; padding: 0 !important;
  font-size: .85rem; line-height: 1.3;}
.lm-key li {display: inline-flex; align-items: center; gap: .4rem; margin: 0; padding: 0;
  font-size: inherit; list-style: none;}
.lm-key img {flex: none; print-color-adjust: exact;}
@media (max-width: 640px) {
  .block-container {padding-left: .8rem; padding-right: .8rem;}
  .st-key-languages {margin-bottom: 0;}
  .st-key-twin-maps [data-testid="stElementContainer"] {
    height: auto !important; flex-basis: auto !important;}
  .st-key-twin-maps iframe {height: 1000px !important;}
  .lm-table th, .lm-table td {padding: .35rem .3rem;}
  .lm-table th:first-child {min-width: 0; max-width: 8rem; overflow-wrap: break-word;
    hyphens: auto;}
  .lm-table .fine {white-space: normal;}
}
@media print {
  header, [data-testid="stSidebar"], [data-testid="stToolbar"], .st-key-languages,
  .st-key-question, .st-key-choices, .st-key-take-along, .st-key-click-sets,
  [data-testid="stColumn"]:has(.st-key-question),
  [data-testid="stDownloadButton"], [data-testid="stButton"] {
    display: none !important;}
  [data-testid="stColumn"]:has(.st-key-take-along),
  [data-testid="stColumn"]:has(.st-key-answer) {
    width: 100% !important; flex: 1 1 100% !important;}
  .st-key-take-along-answer, .st-key-day-film, .st-key-answer [data-testid="stExpander"] {
    display: none !important;}
  .st-key-answer [data-testid="stVegaLiteChart"], .st-key-answer iframe, .lm-table tr {
    break-inside: avoid;}
  .st-key-answer h3 {break-after: avoid;}
  .lm-better, .lm-worse, .lm-different {print-color-adjust: exact;}
  .lm-timeline li {break-inside: avoid;}
  .block-container {padding: 0 !important;}
}
</style>
"""
