/** How the security pages look: the colours and shapes of the stock sign-in page, light and dark, without its code. */

/** What of the operator's branding the pages show. */
export interface Look {
  name?: string | undefined
  logo?: string | undefined
  colors?: { primary?: string | undefined; error?: string | undefined } | undefined
}

const stockPrimary = '#8338ec'

/** The style sheet of every page. */
export function styleOf({ colors = {} }: Look): string {
  const primary = safeColor(colors.primary) ?? stockPrimary
  const error = safeColor(colors.error)
  return `
:root{color-scheme:light dark;--primary:${primary};--on-primary:${contrast(primary)};
--error:${error ?? '#dc2626'};--page:#fff;--text:#0a0a0a;--card:#fff;--muted:#666;--soft:#f5f5f5;--line:#d4d4d4}
@media (prefers-color-scheme:dark){:root{--page:#0a0a0a;--text:#fafafa;--card:#171717;--muted:#a1a1a1;
--soft:#262626;--line:#404040;--error:${error ?? '#f87171'}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,main{max-width:44rem;margin:0 auto;padding:1rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}
header img{height:2rem;max-width:8rem;object-fit:contain;vertical-align:middle}
header strong{font-weight:600}
header form{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:0}
header.narrow,main.narrow{max-width:28rem}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1.125rem;margin:0 0 .25rem}
p{margin:.25rem 0 .75rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.875rem;padding:1.25rem;margin:0 0 1rem}
.muted,small{color:var(--muted);font-size:.875rem}
form{margin:.5rem 0 0}
label{display:block;font-weight:500;margin:.5rem 0 .25rem}
label.check{display:flex;gap:.5rem;align-items:center;font-weight:400}
input:not([type=checkbox]){width:100%;min-height:2.75rem;padding:.5rem .75rem;font:inherit;color:inherit;
background:var(--page);border:1px solid var(--line);border-radius:.625rem}
input[type=checkbox]{width:1.25rem;height:1.25rem;accent-color:var(--primary)}
button,.button{display:inline-block;min-height:2.75rem;padding:.5rem 1rem;margin-top:.75rem;font:inherit;font-weight:500;
cursor:pointer;border:1px solid transparent;border-radius:.625rem;background:var(--primary);color:var(--on-primary);text-decoration:none}
button.quiet,.button.quiet{background:var(--soft);color:var(--text);border-color:var(--line)}
button.small{min-height:2.25rem;padding:.25rem .75rem;margin-top:0}
button.wide{width:100%}
button:disabled{opacity:.6;cursor:default}
:focus-visible{outline:3px solid var(--primary);outline-offset:2px}
a{color:inherit}
ul{list-style:none;margin:.5rem 0;padding:0}
li.row{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;justify-content:space-between;
padding:.5rem 0;border-top:1px solid var(--line)}
li.row form{margin:0}
li.row small{display:block}
form small{display:block;margin-top:.5rem}
.or{display:flex;gap:1rem;align-items:center;color:var(--muted);margin:1rem 0 .25rem}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line)}
.note{border-inline-start:4px solid var(--primary);background:var(--soft);padding:.75rem 1rem;border-radius:.5rem;margin:0 0 1rem}
.note.bad{border-color:var(--error)}
.secret{font:600 1.125rem/1.6 ui-monospace,monospace;background:var(--soft);border-radius:.625rem;padding:.75rem 1rem;
user-select:all;margin:.5rem 0}
.codes{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.25rem 1rem}
.qr{width:min(14rem,100%);border-radius:.625rem;overflow:hidden;background:#fff}
.qr svg{display:block;width:100%;height:auto}
table{width:100%;border-collapse:collapse}
th,td{text-align:start;vertical-align:top;padding:.5rem .75rem .5rem 0;border-top:1px solid var(--line);font-size:.9375rem}
td,th{overflow-wrap:break-word}th:first-child{width:36%}th:nth-child(2){width:24%}
thead th{border-top:0;color:var(--muted);font-weight:500}
@media (max-width:34rem){thead{position:absolute;clip-path:inset(50%)}tr{display:block;border-top:1px solid var(--line);padding:.5rem 0}
td{display:block;border:0;padding:0}}
`
}

/** Only what is a colour comes into a style sheet: #rgb, #rrggbb or rgb(r, g, b). */
function safeColor(text: string | undefined): string | undefined {
  return text !== undefined && channels(text) !== undefined ? text : undefined
}

/** Black or white, whichever can be read better on a colour. */
function contrast(color: string): string {
  const [r, g, b] = (channels(color) ?? [0, 0, 0]).map((channel) => {
    const part = channel / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  return luminance > 0.179 ? '#000' : '#fff'
}

function channels(color: string): number[] | undefined {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color)?.[1]
  if (hex !== undefined) {
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g)!
    return digits.map((pair) => Number.parseInt(pair, 16))
  }
  const parts = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(color)
  return parts?.slice(1).map(Number)
}
