/** The styles of the sign-in pages: accounts to choose from, permissions, and a field with its domain. */
export const signInStyle = `
.choices{display:grid;gap:.5rem;margin:0}
.choice{display:flex;gap:.75rem;align-items:center;min-height:3.5rem;padding:.5rem .875rem;border:1px solid var(--line);
border-radius:.75rem;color:inherit;text-decoration:none;font-size:.9375rem}
a.choice:hover{background:var(--soft)}
.avatar{flex:none;display:grid;place-items:center;width:2.25rem;height:2.25rem;border-radius:50%;background:var(--soft);
border:1px solid var(--line);font-weight:600;color:var(--muted)}
.named{min-width:0;line-height:1.35}
.named b,.named small{display:block}
.named b{font-weight:500}
.choice .end{margin-inline-start:auto;text-align:end}
.before{margin:1rem 0 .5rem;font-weight:500}
.permissions{margin:0;border:1px solid var(--line);border-radius:.75rem;padding:0 .875rem}
.permissions>li{padding:.75rem 0;border-top:1px solid var(--line);font-size:.9375rem}
.permissions>li:first-child{border-top:0}
.permissions b{display:block;font-weight:500;color:var(--text)}
.permissions+.muted{margin:.75rem 0 0}
.permissions span{color:var(--muted)}
.permissions details{margin:.25rem 0 0}
.permissions summary,.technical summary{color:var(--muted);font-size:.875rem;line-height:2}
.names{margin:.375rem 0 0;display:grid;gap:.25rem}
.names code{font-size:.8125rem}
label.allow{display:flex;gap:.75rem;align-items:center;justify-content:space-between;flex-direction:row-reverse;margin:0;
min-height:2.5rem;font-size:inherit;font-weight:400;cursor:pointer}
label.allow input{width:1.25rem;height:1.25rem}
.technical{margin:1.25rem 0 0;font-size:.875rem}
.technical pre{margin:.25rem 0 .75rem;padding:.5rem .75rem;max-height:12rem;overflow:auto;background:var(--soft);border-radius:.5rem;
white-space:pre-wrap;overflow-wrap:anywhere;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.joined{display:flex;gap:.5rem;align-items:center}
.joined input{flex:1 1 8rem;min-width:0}
.joined select{flex:0 1 auto;width:auto;max-width:55%}
.suffix{flex:0 1 auto;color:var(--muted)}
.joined+small{display:block;margin:.5rem 0 0}
input[readonly]{color:var(--muted);background:var(--soft)}
.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8125rem;text-align:center}
.h-captcha{margin:1rem 0 0;min-height:78px}
main.narrow form+form{margin-top:.5rem}
.note+.lead{margin-top:1rem}
`
