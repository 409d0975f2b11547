/** The style sheet of a report page. Colours have a light and a dark form; charts read them by name. */

const light = `
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f6f7f9; --text: #1d2329; --soft: #56606b; --grid: #dfe3e8; --edge: #8a949f;
  --c1: #0067b1; --c2: #c8500a; --c3: #007a58; --c4: #95408f; --c5: #22859f; --c6: #8d6508; --c7: #5b5fc7; --c8: #a13d5c;
  --passing: #8b95a1; --nobody: #c4222f; --muted: #7a838d; --threshold: #a85a00; --fault: #b3126b; --mark: #7a838d;
  --good: #00694a; --bad: #b3141f; --warn: #865200;`;

const dark = `
  --paper: #14181d; --panel: #1d232a; --text: #e6e9ed; --soft: #a5afba; --grid: #333b45; --edge: #77828e;
  --c1: #5aaef2; --c2: #ff9a5c; --c3: #46c99a; --c4: #d88ad2; --c5: #63c8e0; --c6: #dfb44c; --c7: #a3a6f5; --c8: #f08fae;
  --passing: #8b95a1; --nobody: #ff6b73; --muted: #98a2ad; --threshold: #f2a93b; --fault: #ff79c0; --mark: #98a2ad;
  --good: #52d3a4; --bad: #ff8087; --warn: #f0b95a;`;

const colours = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'passing', 'nobody', 'muted'];

export const styleSheet = `
:root {${light}
}
@media (prefers-color-scheme: dark) { :root {${dark}
} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 1320px; margin: 0 auto; padding: 16px 20px 40px; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 28px 0 8px; }
h3 { font-size: 1rem; margin: 16px 0 4px; }
p { margin: 4px 0; max-width: 75em; overflow-wrap: anywhere; }
.soft, figcaption { color: var(--soft); }
.verdict { display: inline-block; margin: 8px 0; padding: 4px 12px; border: 2px solid; border-radius: 4px; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.warnings { margin: 8px 0; padding: 8px 12px; border-left: 4px solid var(--warn); background: var(--panel); }
.warnings ul { margin: 0; padding-left: 18px; overflow-wrap: anywhere; }
pre { margin: 4px 0; padding: 8px 12px; background: var(--panel); white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.9rem; }
.tables { display: flex; flex-wrap: wrap; gap: 0 36px; align-items: flex-start; }
.tables > section { min-width: 0; max-width: 100%; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: 2px 0; }
th, td { padding: 3px 14px 3px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); }
th { font-weight: 600; }
thead th { white-space: nowrap; }
tbody th { min-width: 7em; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.text { min-width: 9em; overflow-wrap: anywhere; }
figure { margin: 0 0 22px; }
figure h3 { margin: 12px 0 0; display: flex; flex-wrap: wrap; gap: 0 12px; align-items: baseline; }
.place { font-weight: 400; font-size: 0.9rem; color: var(--soft); }
.plot { width: 100%; min-height: 180px; }
.plot:focus-visible, .series:focus-visible, summary:focus-visible { outline: 3px solid var(--c1); outline-offset: 2px; }
html:not(.scripted) .scripted-only { display: none; }
html.scripted .unscripted-only { display: none; }
.u-select { background: var(--c1); opacity: 0.15; }
.u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--edge); }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 8px; margin: 2px 0 4px; padding: 0 0 0 8px; font-size: 0.85rem; }
.series { display: inline-flex; align-items: center; gap: 6px; padding: 2px 6px; border: 1px solid transparent; background: none; color: inherit; font: inherit; }
button.series { cursor: pointer; border-radius: 4px; }
button.series:hover { border-color: var(--grid); }
button.series[aria-pressed="false"] { opacity: 0.5; text-decoration: line-through; }
.series output { min-width: 3.2em; font-variant-numeric: tabular-nums; font-weight: 600; }
.swatch { width: 20px; height: 0; border-top: 3px solid; }
.swatch.dashed { border-top-style: dashed; }
.swatch.area { height: 10px; border: 1px solid; background: currentColor; }
${colours.map((name) => `.swatch.${name} { color: var(--${name}); }`).join(' ')}
details { font-size: 0.9rem; } summary { cursor: pointer; color: var(--soft); padding: 2px 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 700px), (max-height: 450px) { main { padding: 10px 12px 28px; } body { font-size: 14px; } h2 { margin-top: 18px; } }
@media print { figure, section { break-inside: avoid; } }
`;
