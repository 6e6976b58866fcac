/**
 * The style sheet of the pages, in light and dark. A narrow page is a centred card, a plain one a list of cards, and one of an
 * area has its navigation at the side.
 */
import { safeColor, textColorOn } from '#src/gateway/pages/colors.ts'
import { areaStyle } from '#src/gateway/pages/style-area.ts'
import { blockStyle } from '#src/gateway/pages/style-blocks.ts'
import { chartStyle } from '#src/gateway/pages/style-charts.ts'
import { signInStyle } from '#src/gateway/pages/style-sign-in.ts'

export interface Branding {
  name?: string | undefined
  /** Paragraphs about the server, for the landing page. */
  description?: string | undefined
  logo?: string | undefined
  colors?: { [name in ColorName]?: string | undefined } | undefined
  /** Background images of narrow pages. */
  background?: { light?: string | undefined; dark?: string | undefined } | undefined
  links?: readonly { href: string; rel?: string | undefined }[] | undefined
}

type ColorName = 'primary' | 'error' | 'warning' | 'success'

export const stockColors = { primary: '#8338ec', warning: '#ffab0f', success: '#17cc88' } as const

export function styleSheet({ colors = {}, background = {} }: Branding): string {
  const primary = safeColor(colors.primary) ?? stockColors.primary
  const warning = safeColor(colors.warning) ?? stockColors.warning
  const success = safeColor(colors.success) ?? stockColors.success
  const error = safeColor(colors.error)
  const danger = error ?? '#b91c1c'
  return `
:root{color-scheme:light dark;--primary:${primary};--on-primary:${textColorOn(primary)};--ring:var(--primary);
--danger:${danger};--on-danger:${textColorOn(danger)};
--error:${error ?? '#dc2626'};--warning:${warning};--success:${success};--picture:${cssUrl(background.light)};
--page:#fff;--text:#0a0a0a;--card:#fff;--muted:#666;--soft:#f5f5f5;--line:#e5e5e5;--field:transparent}
@media (prefers-color-scheme:dark){:root{--ring:color-mix(in oklab,var(--primary) 65%,#fff);
--error:${error ?? '#f87171'};--picture:${cssUrl(background.dark)};
--page:#0a0a0a;--text:#fafafa;--card:#171717;--muted:#a1a1a1;--soft:#262626;--line:#ffffff26;--field:#ffffff0b}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{background:var(--page);-webkit-text-size-adjust:100%}
html:has(main.narrow){background:var(--soft) var(--picture) center/cover no-repeat fixed}
body{margin:0;color:var(--text);overflow-wrap:anywhere;font:16px/1.5 -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,
"Helvetica Neue","Noto Sans",Arial,sans-serif,"Apple Color Emoji","Segoe UI Emoji","Noto Color Emoji"}
header,main,footer{max-width:44rem;margin:0 auto;padding:1rem}
header{display:flex;flex-wrap:wrap;gap:.75rem 1rem;align-items:center;justify-content:space-between}
header nav{display:flex;gap:.75rem;align-items:center;min-width:0;margin-inline-start:auto}
header form{flex:none;margin:0}
.home{color:inherit;text-decoration:none;min-width:0}
.owner{min-width:0;max-width:24rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;color:var(--muted);font-size:.875rem;
line-height:2.5rem;text-decoration:none}
a.owner:hover{text-decoration:underline}
.brand{font-weight:600;line-height:1.25}
.brand img{display:block;height:2rem;max-width:10rem;object-fit:contain}
main{padding-top:.5rem}
h1{font-size:1.5rem;font-weight:600;line-height:1.25;margin:.5rem 0 1rem;text-wrap:balance}
h2{font-size:1.125rem;font-weight:600;line-height:1.5;margin:0 0 .25rem}
p{margin:.25rem 0 .75rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.875rem;padding:1.5rem;margin:0 0 1rem}
section>:last-child{margin-bottom:0}
main.narrow{display:flex;flex-direction:column;justify-content:center;min-height:100vh;min-height:100dvh;max-width:28rem}
main.narrow section{margin:0}
.narrow .brand,.narrow h1,.narrow .lead{text-align:center}
.narrow .brand img{margin:0 auto;height:2.25rem;max-width:14rem}
.narrow h1{margin:1.5rem 0 .5rem}
.narrow .lead{color:var(--muted);margin:0 0 1.25rem}
.narrow .note,form .note{margin:1rem 0 0}
.muted,small{color:var(--muted);font-size:.875rem;line-height:1.4}
.links{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:center;margin:1.5rem 0 0;font-size:.875rem}
.links a{color:var(--muted);text-decoration:none}
.links a:hover{text-decoration:underline}
form{margin:1rem 0 0}
section>form:first-child,section>form:first-child>label{margin-top:0}
label{display:block;font-size:.875rem;font-weight:500;margin:1rem 0 .375rem}
label.check{display:flex;gap:.625rem;align-items:center;font-weight:400}
input:not([type=checkbox]),select,textarea{display:block;width:100%;height:2.75rem;padding:.25rem .75rem;font:inherit;color:inherit;
background:var(--field);border:1px solid var(--line);border-radius:.625rem}
textarea{height:auto;padding:.5rem .75rem;resize:vertical}
select{background:var(--card)}
input[aria-invalid=true]{border-color:var(--error)}
input[type=checkbox]{flex:none;width:1rem;height:1rem;margin:0;accent-color:var(--primary)}
input+small,textarea+small,select+small,input+p{display:block;margin:.5rem 0 0}
button,.button{display:inline-flex;align-items:center;justify-content:center;min-height:2.5rem;padding:.375rem .875rem;
margin:1rem 0 0;font:inherit;font-size:.9375rem;font-weight:500;cursor:pointer;border:1px solid transparent;
border-radius:.625rem;background:var(--primary);color:var(--on-primary);text-align:center;text-decoration:none}
button:hover,.button:hover{filter:brightness(.92)}
button.quiet,.button.quiet{background:var(--soft);color:var(--text)}
button.bad,.button.bad{background:var(--danger);color:var(--on-danger)}
header button,header .button,.row button{margin:0;font-size:.875rem}
.row button{border-color:var(--line);background:none}
button.wide,.button.wide{width:100%}
input[type=hidden]+button,p+.button{margin-top:0}
button:disabled{opacity:.5;cursor:default;filter:none}
:focus-visible{outline:2px solid var(--ring);outline-offset:2px}
input:not([type=checkbox]):focus-visible,select:focus-visible,textarea:focus-visible{border-color:var(--ring);outline:3px solid color-mix(in srgb,var(--ring) 50%,transparent);
outline-offset:0}
input[aria-invalid=true]:focus-visible{border-color:var(--error);outline-color:color-mix(in srgb,var(--error) 50%,transparent)}
a{color:inherit;text-underline-offset:.2em}
ul{list-style:none;margin:1rem 0 0;padding:0}
.row{display:flex;gap:.25rem 1rem;align-items:center;justify-content:space-between;padding:.625rem 0;border-top:1px solid var(--line)}
.row div{min-width:0}
.row form{flex:none;margin:0}
.row small{display:block}
.or{display:flex;gap:1rem;align-items:center;color:var(--muted);font-size:.875rem;margin:1.25rem 0 0}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line)}
.note{border:1px solid var(--line);background:var(--soft);padding:.625rem .875rem;border-radius:.625rem;margin:0 0 1rem;font-size:.9375rem}
.note.good{border-color:color-mix(in srgb,var(--success) 45%,transparent);background:color-mix(in srgb,var(--success) 10%,var(--card))}
.note.warn{border-color:color-mix(in srgb,var(--warning) 55%,transparent);background:color-mix(in srgb,var(--warning) 12%,var(--card))}
.note.bad{border-color:color-mix(in srgb,var(--error) 45%,transparent);background:color-mix(in srgb,var(--error) 10%,var(--card))}
.secret{font:500 1.0625rem/1.7 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;background:var(--soft);
border-radius:.625rem;padding:.75rem 1rem;user-select:all;margin:.75rem 0}
.codes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(13rem,100%),1fr));gap:.25rem 1.5rem}
.qr{width:min(14rem,100%);border-radius:.625rem;overflow:hidden;background:#fff;border:1px solid var(--line);margin:.75rem 0}
.qr svg{display:block;width:100%;height:auto}
table{width:100%;border-collapse:collapse}
th,td{text-align:start;vertical-align:top;padding:.625rem .75rem .625rem 0;border-top:1px solid var(--line);font-size:.9375rem;
overflow-wrap:break-word}
td:not(:first-child){color:var(--muted);font-size:.875rem}
table:not(.list) th:first-child{width:42%}table:not(.list) th:nth-child(2){width:28%}
thead th{border-top:0;padding-top:0;color:var(--muted);font-size:.875rem;font-weight:500}
td small{display:block;overflow-wrap:anywhere}
@media (max-width:34rem){.roomy{display:none}section{padding:1.25rem}thead{position:absolute;clip-path:inset(50%)}
tbody tr{display:block;border-top:1px solid var(--line);padding:.625rem 0}tbody tr:first-child{border:0;padding-top:0}
td{display:block;border:0;padding:0}}
${blockStyle}${areaStyle}${chartStyle}${signInStyle}
@media (scripting:none){form[data-passkey]{display:none}}
@media (prefers-reduced-motion:reduce){*{transition:none!important;animation:none!important;scroll-behavior:auto!important}}
`
}

/** A CSS `url()`, or `none`. Encodes the characters that could end the string. */
function cssUrl(url: string | undefined): string {
  return url === undefined ? 'none' : `url("${url.replace(/["\\<>\s]/g, encodeURIComponent)}")`
}
