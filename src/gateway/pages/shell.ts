/** The layout of every page: head, header, navigation, footer and response headers. */
import { randomBytes } from 'node:crypto'
import { html, raw } from 'hono/html'
import { brand, operatorLinks, serverName } from '#src/gateway/pages/brand.ts'
import { canFetch, type Island, islandTags } from '#src/gateway/pages/islands.ts'
import type { MessageKey, Messages } from '#src/gateway/pages/messages.ts'
import { pageHeaders } from '#src/gateway/pages/page-headers.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { type Branding, styleSheet } from '#src/gateway/pages/style.ts'

/** Made by `html`, which escapes interpolated values. */
export type Html = ReturnType<typeof html>

export interface RenderContext {
  branding: Branding
  messages: Messages
  csrf: string
  /** For relative times; absolute ones are shown without it. */
  now?: number
}

export interface Page {
  /** A key of the shell's catalogue, or a text from another one. */
  title: MessageKey | { text: string }
  body: Html
  owner?: string
  note?: Note | undefined
  passkeys?: boolean
  islands?: readonly Island[]
  narrow?: boolean
  /** For a page without a header. */
  layout?: 'landing'
  redirectTo?: string
  status?: number
  /** Elements for the head; a page that has some may be found by search engines. */
  head?: Html
}

export interface Note {
  text: string
  bad?: boolean
  field?: string
  /** What was in that field; of a password it is not shown again. */
  typed?: string | undefined
}

export interface NavItem {
  href: string
  label: string
  isCurrent?: boolean
  /** Such as a count of open requests. */
  badge?: Html | string | undefined
}

export interface AreaPage {
  /** What the items belong to, such as the handle of a group. */
  area: { label: Html | string; items: readonly NavItem[] }
  title: string
  /** Beside the title, such as a button. */
  actions?: Html
  body: Html
  /** As wide as the window, for tables; otherwise limited to a readable line length. */
  wide?: boolean
  note?: Note | undefined
  /** The name of the account that is signed in. */
  owner?: string
  /** Signed in with it, and as no account. */
  withAdminPassword?: boolean
  /** The path of the form that signs out, if it is not that of the account's session. */
  signOut?: string
  islands?: readonly Island[]
  status?: number
}

/** A page without navigation: a narrow card, or a list of cards. */
export function renderPage(context: RenderContext, page: Page): Promise<Response> {
  const { title: key, owner, passkeys = false, islands = [] } = page
  const title = typeof key === 'string' ? context.messages.text(key) : key.text
  const layout = page.narrow ? narrowLayout : page.layout === 'landing' ? landingLayout : wideLayout
  const body = layout(context, page, title)
  const all: Island[] = [...islands]
  if (passkeys) all.push('passkey')
  if (owner !== undefined) all.push('time')
  return render(context, { ...page, title, body, islands: all })
}

/** A page with the navigation of its area: at the side, or on a phone as a menu above. */
export function renderArea(context: RenderContext, page: AreaPage): Promise<Response> {
  const { area, title, actions = '', body, wide = false, note, islands = [] } = page
  const links = navLinks(area.items)
  const current = area.items.find(({ isCurrent }) => isCurrent)?.label ?? title
  const label = context.messages.text('sections')
  const below = operatorLinks(context)
  const text = html`<a class="skip" href="#main">${context.messages.text('skip')}</a>
${pageHeader(context, page)}
<div class="frame">
<nav class="side" aria-label="${label}"><div class="area-name">${area.label}</div>${links}</nav>
<details class="sections"><summary><small>${area.label}</small>${current}</summary><nav aria-label="${label}">${links}</nav></details>
<main id="main" class="${wide ? 'wide' : 'text'}">
<div class="head"><h1>${title}</h1>${actions}</div>
${note === undefined ? '' : noteView(note)}
${body}
</main>
</div>
${below === '' ? '' : html`<footer>${below}</footer>`}`
  return render(context, { ...page, body: text, kind: 'area', islands: [...islands, 'time'] })
}

async function render(
  { messages, branding }: RenderContext,
  page: {
    title: string
    body: Html
    kind?: 'area'
    islands: readonly Island[]
    head?: Html
    redirectTo?: string
    status?: number
  },
): Promise<Response> {
  const { title, body, kind, islands, head, redirectTo, status = 200 } = page
  const nonce = randomBytes(16).toString('base64')
  const refresh =
    redirectTo === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${redirectTo}">`
  const text = await html`<!doctype html>
<html lang="${messages.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head ?? html`<meta name="robots" content="noindex">`}
${refresh}
<title>${title} – ${serverName(branding)}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<style nonce="${nonce}">${raw(styleSheet(branding))}</style>
</head>
<body${kind === undefined ? '' : html` class="${kind}"`}>
${body}
${islandTags(nonce, islands)}
</body>
</html>`
  const headers = pageHeaders(nonce, branding, { canFetch: canFetch(islands) })
  return new Response(String(text), { status, headers })
}

export function hiddenFields(
  context: RenderContext,
  fields: Record<string, string | undefined> = {},
): Html {
  const all = { csrf: context.csrf, ...fields }
  return html`${Object.entries(all).map(([name, value]) =>
    value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`,
  )}`
}

/** `help` is the id of the field's help text. */
export function fieldAttributes(name: string, note: Note | undefined, help = ''): Html {
  const isWrong = note?.bad === true && note.field === name
  const by = `${isWrong ? 'note ' : ''}${help}`.trim()
  return html`${isWrong ? raw(' aria-invalid="true"') : ''}${by === '' ? '' : html` aria-describedby="${by}"`}`
}

export function noteView({ text, bad = false }: Note): Html {
  const [kind, role] = bad ? ['note bad', 'alert'] : ['note good', 'status']
  return html`<p id="note" class="${kind}" role="${role}">${text}</p>`
}

function narrowLayout(context: RenderContext, page: Page, title: string): Html {
  return html`<main class="narrow"><section>
${brand(context.branding)}
<h1>${title}</h1>
${page.note === undefined ? '' : noteView(page.note)}
${page.body}
${operatorLinks(context)}
</section></main>`
}

function landingLayout(context: RenderContext, page: Page, title: string): Html {
  const { branding } = context
  const name = serverName(branding)
  // The title is the name, unless the page is about something else.
  const isNamed = branding.logo === undefined && title === name
  const mark = html`<img class="mark" src="/icon.svg" alt="" width="56" height="56">`
  return html`<main class="landing">
${isNamed ? mark : html`<a class="home" href="/">${brand(branding)}</a>`}
<h1>${title}</h1>
${page.body}
${operatorLinks(context)}
</main>`
}

function wideLayout(context: RenderContext, page: Page, title: string): Html {
  const below = operatorLinks(context)
  return html`${pageHeader(context, page)}
<main>
<h1>${title}</h1>
${page.note === undefined ? '' : noteView(page.note)}
${page.body}
</main>
${below === '' ? '' : html`<footer>${below}</footer>`}`
}

/** The brand leads to the landing page. */
function pageHeader(
  context: RenderContext,
  page: Pick<AreaPage, 'owner' | 'withAdminPassword' | 'signOut'>,
): Html {
  const { messages, branding } = context
  const { signOut = `${securityPath}/sign-out` } = page
  const who = whoIsSignedIn(context, page)
  const account =
    who === undefined
      ? ''
      : html`<nav aria-label="${messages.text('account')}">${who}
<form method="post" action="${signOut}">${hiddenFields(context)}<button class="quiet">${messages.text('signOut')}</button></form></nav>`
  return html`<header><a class="home" href="/">${brand(branding)}</a>${account}</header>`
}

/** On a phone there is room for the name only. */
function whoIsSignedIn(
  { messages }: RenderContext,
  { owner, withAdminPassword = false }: Pick<AreaPage, 'owner' | 'withAdminPassword'>,
): Html | undefined {
  const line = (key: 'signedInAs' | 'signedInWith', name: string) => {
    const [before = '', after = ''] = messages.text(key, { name: '\n' }).split('\n')
    const around = (text: string) => (text === '' ? '' : html`<span class="roomy">${text}</span>`)
    return html`${around(before)}${name}${around(after)}`
  }
  if (withAdminPassword) {
    return html`<span class="owner">${line('signedInWith', messages.text('adminPassword'))}</span>`
  }
  return owner === undefined
    ? undefined
    : html`<a class="owner" href="/account">${line('signedInAs', owner)}</a>`
}

function navLinks(items: readonly NavItem[]): Html {
  return html`<ul>${items.map(({ href, label, isCurrent = false, badge = '' }) => {
    const current = isCurrent ? raw(' aria-current="page"') : ''
    return html`<li><a href="${href}"${current}><span>${label}</span>${badge}</a></li>`
  })}</ul>`
}
