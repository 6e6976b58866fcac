/** The styles of charts, of the palette, of commands and of long words in tables. */
export const chartStyle = `
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:1rem;margin:0 0 1rem}
.chart{margin:0;padding:1rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:.875rem;min-width:0;
--line-0:var(--ring);--line-1:#b45309;--line-2:#0f766e}
.chart figcaption{display:flex;flex-wrap:wrap;gap:.125rem 1rem;justify-content:space-between;margin:0 0 .75rem;font-size:.9375rem}
.legend{display:flex;flex-wrap:wrap;gap:.125rem 1rem;color:var(--muted);font-size:.8125rem}
.legend b{color:var(--text);font-weight:600;font-variant-numeric:tabular-nums}
.legend i{display:inline-block;width:.75rem;height:.1875rem;margin-inline-end:.375rem;border-radius:1rem;vertical-align:middle;background:var(--line-0)}
.legend .line-1 i{background:var(--line-1)}.legend .line-2 i{background:var(--line-2)}
.plot{min-height:11rem}
.plot svg{display:block;width:100%;height:8.5rem;overflow:visible}
.plot path{fill:none;stroke:var(--line-0);stroke-width:1.75;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}
.plot path.line-1{stroke:var(--line-1)}.plot path.line-2{stroke:var(--line-2)}
.plot path.grid{stroke:var(--line);stroke-width:1}
.plot small{font-size:.75rem;font-variant-numeric:tabular-nums}
.axis{display:flex;justify-content:space-between;margin:.25rem 0 0}
.chart td{font-size:.8125rem;font-variant-numeric:tabular-nums}
.chart .hidden{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
pre.secret{white-space:pre-wrap}pre.secret,.mono{overflow-wrap:anywhere}
.actions [aria-current]{font-weight:600;box-shadow:inset 0 -2px var(--ring)}
.palette{width:min(32rem,calc(100vw - 2rem));margin:12vh auto auto;padding:.75rem;background:var(--card);color:var(--text);border:1px solid var(--line);
border-radius:.875rem;box-shadow:0 16px 48px #0004}
.palette::backdrop{background:#0006}
.palette ul{margin:.5rem 0 0;max-height:50vh;overflow:auto}
.palette a{display:block;padding:.5rem .75rem;border-radius:.625rem;text-decoration:none}
.palette [aria-selected=true] a{background:var(--soft);font-weight:600}
@media (prefers-color-scheme:dark){.chart{--line-1:#fbbf24;--line-2:#2dd4bf}}
`
