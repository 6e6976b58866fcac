/** The styles of the blocks of pages: tables, figures, badges, menus, filters and pagers. */
export const blockStyle = `
.head{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;justify-content:space-between}
.head>*{margin:0}
section>.head{margin:0 0 .375rem}
section>.head+p{margin-top:0}
.danger{border-color:color-mix(in srgb,var(--error) 40%,var(--line))}
.lead{font-size:1.0625rem}
.table{margin:.75rem 0 0;overflow-x:auto}
section>.table:first-child,section>.empty:first-child{margin-top:0}
section>.table:last-child{margin-bottom:-.5rem}
.list caption{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.list th,.list td{padding:.75rem 1.25rem .75rem 0;vertical-align:middle}
.list thead td{border:0;padding:0}
.list th:last-child,.list td:last-child{padding-inline-end:0}
.list td:last-child form{display:flex;justify-content:flex-end}
.list form,.menu form{margin:0}
.list button,.list .button{margin:0;font-size:.875rem}
.list td:first-child{font-weight:500}
.list td:first-child small{font-weight:400}
.list td:first-child>time,.list td:first-child>a>time{white-space:nowrap}
.stats{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(11rem,100%),1fr));gap:1rem;margin:0 0 1rem}
.stat{margin:0;padding:1rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:.875rem}
.stat dt{color:var(--muted);font-size:.875rem}
.stat dd{margin:0;font-size:1.5rem;font-weight:600;line-height:1.35;font-variant-numeric:tabular-nums}
.stat dd.muted{font-size:.8125rem;font-weight:400;line-height:1.5}
.facts{margin:.5rem 0 0}
.facts div{display:grid;grid-template-columns:minmax(7rem,11rem) minmax(0,1fr);gap:.125rem 1rem;padding:.625rem 0;border-top:1px solid var(--line)}
.facts dt{color:var(--muted);font-size:.9375rem}
.facts dd{margin:0}
.facts div:first-child{border-top:0}
section>.facts:first-child{margin-top:-.625rem}
section>.facts:last-child{margin-bottom:-.625rem}
.badge{display:inline-flex;align-items:center;gap:.375rem;padding:.0625rem .5rem;border-radius:1rem;background:var(--soft);color:var(--text);
font-size:.8125rem;font-weight:500;line-height:1.5;white-space:nowrap}
.badge::before{content:"";width:.5rem;height:.5rem;border-radius:50%;background:var(--tone,var(--muted))}
.badge.quiet::before{display:none}
.badge.good{--tone:var(--success);background:color-mix(in srgb,var(--success) 14%,var(--card))}
.badge.warn{--tone:var(--warning);background:color-mix(in srgb,var(--warning) 18%,var(--card))}
.badge.bad{--tone:var(--error);background:color-mix(in srgb,var(--error) 12%,var(--card))}
progress{display:block;width:100%;height:.5rem;border:0;border-radius:.25rem;overflow:hidden;background:var(--soft);accent-color:var(--primary);
appearance:none}
progress::-webkit-progress-bar{background:var(--soft)}
progress::-webkit-progress-value{background:var(--ring)}
progress::-moz-progress-bar{background:var(--ring)}
.empty{padding:1.75rem 1rem;text-align:center;color:var(--muted);border:1px dashed var(--line);border-radius:.625rem;margin:.75rem 0 0}
.empty p{margin:0 auto;max-width:32rem}
.empty .button{margin:.875rem 0 0}
.empty form{margin:0}
.empty+section{margin-top:1rem}
summary{cursor:pointer;list-style:none;border-radius:.625rem}
summary::-webkit-details-marker{display:none}
summary::after{content:"";flex:none;display:inline-block;width:.5rem;height:.5rem;margin-inline-start:.5rem;border:solid var(--muted);
border-width:0 2px 2px 0;transform:rotate(45deg)}
details[open]>summary::after{transform:rotate(225deg)}
.more>summary{display:inline-flex;align-items:center;min-height:2.5rem;font-weight:500;font-size:.9375rem}
.menu{position:relative;display:inline-block}
.menu summary{display:inline-flex;align-items:center;min-height:2.5rem;padding:.375rem .75rem;font-size:.875rem;font-weight:500;
border:1px solid var(--line)}
.menu ul{position:absolute;inset-inline-end:0;z-index:1;min-width:12rem;margin:.25rem 0 0;padding:.375rem;background:var(--card);
border:1px solid var(--line);border-radius:.75rem;box-shadow:0 8px 24px #0002}
.menu li>a,.menu li button{display:flex;justify-content:flex-start;width:100%;min-height:2.5rem;padding:.375rem .75rem;border:0;
border-radius:.5rem;background:none;color:var(--text);font-size:.9375rem;text-align:start;text-decoration:none;align-items:center}
.menu li>a:hover,.menu li button:hover{background:var(--soft);filter:none}
.menu li:has(label){padding:.25rem .75rem .5rem}
.menu li+li:has(label){border-top:1px solid var(--line)}
.menu label{margin:.5rem 0 .25rem}
.menu ul:has(label){min-width:16rem}
.menu li:has(label) button{margin:.25rem -.75rem 0}
.list .menu li form{display:block;text-align:start}
.table:has(.menu[open]){overflow:visible}
@media (min-width:34.01rem){.list:has(.menu) td:last-child{text-align:end}}
.filters{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end;margin:0 0 1rem}
.filters>div{flex:1 1 11rem;min-width:0}
.filters label{margin-top:0}
.head+.filters{margin-top:1rem}
.row>div:has(progress){flex:1}
.row progress{margin:.375rem 0 .25rem}
[data-created]{margin:1rem 0 0}
[data-created] .button{margin:0}
.filters button{min-height:2.75rem;margin:0}
.filters:has(.note){align-items:start}
form>.filters+button{margin-top:0}
fieldset{min-width:0;margin:1rem 0 0;padding:.5rem 1rem 1rem;border:1px solid var(--line);border-radius:.625rem}
legend{padding:0 .375rem;margin-inline-start:-.375rem;font-size:.875rem;font-weight:500}
fieldset label.check{margin:.625rem 0 0}
.pager{display:flex;justify-content:space-between;gap:.5rem;margin:1rem 0 0}
.pager .button{margin:0}
.actions{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:1rem 0 0}
.actions>*,.actions form>button,.list .actions{margin:0}
.list td:last-child .actions{justify-content:flex-end}
.who{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:0 0 .75rem}
.who>div{flex:1 1 11rem;min-width:0}
.who h2,.who p{margin:0}
.picture{flex:none;display:flex;align-items:center;justify-content:center;width:4rem;height:4rem;border-radius:50%;object-fit:cover;
background:var(--soft);color:var(--muted);font-size:1.5rem;font-weight:600}
input[type=file]{padding:.4375rem .5rem;font-size:.9375rem}
::file-selector-button{min-height:1.75rem;margin-inline-end:.75rem;padding:0 .75rem;border:0;border-radius:.375rem;background:var(--soft);
color:var(--text);font:inherit;font-size:.875rem;font-weight:500;cursor:pointer}
.said{margin:0;max-width:40rem;white-space:pre-line;overflow-wrap:anywhere}
blockquote.said{margin:.75rem 0;padding:.25rem 1rem;border-inline-start:3px solid var(--line)}
.images{display:flex;flex-wrap:wrap;gap:.75rem;margin:.75rem 0 0}
label.blurred{position:relative;display:inline-block;margin:.5rem 0 0;overflow:hidden;border-radius:.625rem;background:var(--soft);cursor:pointer}
.images .blurred{margin:0}
.blurred input{position:absolute;inset:.5rem auto auto .5rem;z-index:1}
.blurred img{display:block;max-width:100%;max-height:12rem;min-width:6rem;min-height:4rem;filter:blur(1.25rem)}
.blurred input:checked+img{filter:none}
.list .blurred img{max-height:5rem}
.blurred::after{content:"Show";position:absolute;inset:.25rem auto auto 2rem;padding:0 .5rem;border-radius:1rem;background:#000c;color:#fff}
.blurred:has(:checked)::after{content:none}
.nowrap{white-space:nowrap}
.kinds a{margin-inline-start:.75rem;font-size:.9375rem;color:var(--muted)}
.kinds a[aria-current]{color:var(--text);font-weight:600}
.may{margin:0;padding:0}
.note form,.note p{margin:0}
.note p+form{margin-top:.75rem}
.note form button{margin:0}
.tabs ul{display:flex;flex-wrap:wrap;gap:.25rem;margin:0 0 1rem;border-bottom:1px solid var(--line)}
.tabs li a{display:block;padding:.5rem .875rem;margin-bottom:-1px;border-bottom:2px solid transparent;text-decoration:none;font-size:.9375rem}
.tabs li a:hover{border-color:var(--line)}
.tabs li a[aria-current]{font-weight:600;border-color:var(--ring)}
.files,.previews{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(9rem,100%),1fr));gap:1.25rem 1rem}
.previews{margin:.5rem 0 1rem}
.files small{display:block}
.preview{display:flex;align-items:center;justify-content:center;width:100%;aspect-ratio:4/3;margin:0 0 .5rem;overflow:hidden;
border-radius:.625rem;background:var(--soft);color:var(--muted);font-weight:600;object-fit:cover}
.preview img{width:100%;height:100%;object-fit:cover}
.files a,.previews a{font-size:.875rem}
.uses{margin:0}
.uses li{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;line-height:1.5;font-size:.8125rem}
.uses a{font-size:inherit}
.prose{display:block;white-space:pre-wrap}
.json{margin:.75rem 0 0;padding:.875rem 1rem;max-height:32rem;overflow:auto;white-space:pre-wrap;background:var(--soft);border-radius:.625rem;
font:500 .8125rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.copied{user-select:all}
.copy{display:inline-flex;min-height:1.75rem;margin:0 0 0 .5rem;padding:0 .625rem;font-size:.8125rem}
.arriving{margin:1rem 0 0}
code,.mono{font:500 .875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media (max-width:34rem){
.list thead{display:none}
.list tbody tr{padding:.75rem 0}
.list td{display:flex;gap:.25rem 1rem;justify-content:space-between;padding:.1875rem 0;color:var(--text);text-align:end;overflow-wrap:anywhere}
.list td::before{content:attr(data-label);flex:none;color:var(--muted);font-size:.875rem;font-weight:400;text-align:start}
.list td:first-child{display:block;font-size:1rem;text-align:start}
.list td:first-child::before,.list td:last-child:has(form)::before{display:none}
.list td:last-child:has(form,details){padding-top:.5rem}
.list td:empty{display:none}
.list td small{min-width:0}
.list td:has(ul,details){display:block;text-align:start}
.list td:has(ul,details)::before{display:block}
.list .menu ul{inset-inline:0 auto}
.stats{grid-template-columns:1fr 1fr;gap:.75rem}
.facts div{grid-template-columns:1fr}
.filters>div{flex-basis:100%}
}
`
