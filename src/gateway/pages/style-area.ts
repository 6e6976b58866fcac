/** The styles of pages with the navigation of an area. */
export const areaStyle = `
.skip{position:absolute;left:-100vw}
.skip:focus{left:1rem;top:.75rem;z-index:2;padding:.625rem .875rem;background:var(--card);border-radius:.625rem}
.area{display:flex;flex-direction:column;min-height:100vh;min-height:100dvh}
.area>header{width:100%;max-width:none;padding:.5rem max(1.5rem,50vw - 38.5rem);flex-wrap:nowrap;min-height:3.75rem;
border-bottom:1px solid var(--line);background:var(--card)}
.area>footer{margin-top:auto;padding-bottom:1.5rem}
.frame{display:grid;grid-template-columns:14rem minmax(0,1fr);gap:1rem 3rem;width:100%;max-width:80rem;margin:0 auto;padding:2rem 1.5rem}
.area main{width:100%;max-width:none;margin:0;padding:0}
.area main.text{max-width:46rem}
.area h1{margin:0}
.area main>.head{min-height:2.5rem;margin:0 0 1.25rem}
.side{align-self:start;position:sticky;top:1.5rem}
.area-name{padding:.5rem .75rem;color:var(--muted);font-size:.875rem;line-height:1.4}
.side ul,.sections ul{margin:0}
.side a,.sections nav a{display:flex;gap:.5rem;align-items:center;justify-content:space-between;min-height:2.5rem;padding:.375rem .75rem;
border-radius:.625rem;text-decoration:none;font-size:.9375rem;line-height:1.3}
.side li+li{margin-top:.125rem}
.side a:hover,.sections nav a:hover{background:var(--soft)}
.side a[aria-current],.sections a[aria-current]{font-weight:600;background:color-mix(in srgb,var(--primary) 14%,var(--card))}
.sections{display:none}
main.landing{max-width:42rem;padding:clamp(2rem,9vh,6rem) 1.5rem 2rem}
.landing h1{font-size:clamp(1.875rem,5vw,2.5rem);letter-spacing:-.02em;margin:1rem 0}
.landing .brand img{height:3rem;max-width:16rem}
.landing .brand{color:var(--muted)}
.landing .mark{display:block;width:3.5rem;height:3.5rem}
.landing .links+.links{margin-top:.5rem}
.landing .lead{font-size:1.125rem;margin:0 0 1rem}
.landing .actions{margin:1.75rem 0 1rem}
.landing .actions .button{min-height:2.75rem;padding:.5rem 1.25rem;font-size:1rem}
.landing section{margin:2.5rem 0 0}
.landing .links{justify-content:flex-start}
.landing h1+.lead{margin-top:0}
.names{display:flex;flex-wrap:wrap;gap:.25rem 2rem;margin:.5rem 0 0;font-weight:500}
.names span{color:var(--muted);font-weight:400}
.states{margin:1.5rem 0;border:1px solid var(--line);border-radius:.875rem;padding:.25rem 1.25rem;background:var(--card)}
.states .facts{margin:0}
.states .facts div{grid-template-columns:1fr auto;padding:.875rem 0}
.states .facts dt{color:inherit}
@media (max-width:54rem){
.area>header{padding:.5rem 1rem}
.frame{display:block;padding:1rem}
.side{display:none}
.sections{display:block;position:relative;margin:0 0 1.25rem;border:1px solid var(--line);border-radius:.875rem;background:var(--card)}
.sections summary{padding:.625rem 2.5rem .625rem 1rem;font-weight:600;line-height:1.35}
.sections summary::after{position:absolute;inset-inline-end:1rem;top:1.25rem}
.sections small{display:block;font-weight:400}
.sections nav{padding:.375rem;border-top:1px solid var(--line)}
.sections nav a{min-height:2.75rem}
}
`
