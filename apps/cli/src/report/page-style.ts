/** The page's only style sheet: light or dark as the reader's system is, and fit for paper. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --bg: #fff; --panel: #f6f7f9; --ink: #1b1f24; --soft: #5a6472; --line: #d8dde3;
  --canary: #1f6feb; --area: #1f6feb22; --bad: #c62828; --warn: #9a6700; --good: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --bg: #0e1116; --panel: #171b22; --ink: #e6e9ee; --soft: #9aa5b1;
  --line: #2d333b; --canary: #6cb0ff; --area: #6cb0ff22; --bad: #ff7b72; --warn: #e3b341; --good: #56d364; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 24px 0 6px; }
p { margin: 6px 0; }
.soft, .empty, figcaption { color: var(--soft); }
.badge { display: inline-block; padding: 1px 10px; border-radius: 999px; border: 1px solid currentColor; font-size: 13px; font-weight: 600; }
.bad { color: var(--bad); } .good { color: var(--good); } .warn { color: var(--warn); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; margin: 20px 0 0; padding: 0; }
.figures div { background: var(--panel); border-radius: 8px; padding: 10px 14px; }
.figures dt { color: var(--soft); font-size: 13px; }
.figures dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; } td:first-child { white-space: nowrap; }
code { font: 12.5px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
figure { margin: 12px 0; }
.chart { display: block; width: 100%; height: auto; background: var(--panel); border-radius: 8px; }
.grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
.tick { fill: var(--soft); font: 11px system-ui, sans-serif; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .line.canary { stroke: var(--canary); }
.line.evidence { stroke: var(--ink); } .dot.canary { fill: var(--canary); } .dot.evidence { fill: var(--ink); }
.area { fill: var(--area); } .moment { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 2 3; }
.threshold { stroke-width: 1.5; } .threshold.reject { stroke: var(--bad); } .threshold.fast { stroke: var(--warn); stroke-dasharray: 6 4; }
.threshold-label { font: 11px system-ui, sans-serif; } .threshold-label.reject { fill: var(--bad); } .threshold-label.fast { fill: var(--warn); }
@media print { :root { --bg: #fff; --panel: #fff; --ink: #000; --soft: #444; --line: #bbb; --canary: #00468b; --area: #00468b18; --bad: #a00000; --warn: #7a5200; --good: #14532d; }
  main { max-width: none; padding: 0; } h2, h3 { break-after: avoid; } figure, tr, .figures div { break-inside: avoid; }
  .chart, .figures div { border: 1px solid var(--line); } .wide { overflow: visible; } @page { margin: 16mm; } }
`;
