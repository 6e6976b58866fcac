/** The frame of every security page: its head, its header, what is below it, and where it goes on by itself. */
import { randomBytes } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { MessageKey, Messages } from '#src/gateway/pages/messages.ts'
import { pageHeaders } from '#src/gateway/pages/page-headers.ts'
import { passkeyScript, timeScript } from '#src/gateway/pages/page-scripts.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { type Branding, styleSheet } from '#src/gateway/pages/style.ts'

/** HTML that is safe: made by `html`, which escapes what is put in. */
export type Html = ReturnType<typeof html>

/** What every page is made with. */
export interface RenderContext {
  branding: Branding
  messages: Messages
  /** What every form must carry. */
  csrf: string
}

export interface Page {
  title: MessageKey
  body: Html
  /** Who is signed in. */
  owner?: string
  note?: Note | undefined
  /** Whether the page has a form for a passkey. */
  passkeys?: boolean
  /** One card in the middle, as the stock sign-in page. */
  narrow?: boolean
  /** Where the browser goes by itself. */
  redirectTo?: string
  status?: number
}

export interface Note {
  text: string
  bad?: boolean
  /** The name of the field that it is about. */
  field?: string
}

/** Answers with a page; nothing may keep it, frame it, or run in it that is not ours. */
export async function renderPage(frame: RenderContext, page: Page): Promise<Response> {
  const { messages, branding } = frame
  const nonce = randomBytes(16).toString('base64')
  const title = messages.text(page.title)
  const text = await html`<!doctype html>
<html lang="${messages.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${page.redirectTo === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${page.redirectTo}">`}
<title>${title} – ${nameOf(branding)}</title>
<style nonce="${nonce}">${raw(styleSheet(branding))}</style>
</head>
<body>
${page.narrow ? narrow(frame, page, title) : wide(frame, page, title)}
${page.passkeys ? script(nonce, passkeyScript) : ''}${page.owner === undefined ? '' : script(nonce, timeScript)}
</body>
</html>`
  const { status = 200 } = page
  return new Response(String(text), { status, headers: pageHeaders(nonce, branding) })
}

function script(nonce: string, text: string): Html {
  return html`<script nonce="${nonce}">${raw(`{${text}}`)}</script>`
}

/** A form's hidden fields. */
export function hiddenFields(
  frame: RenderContext,
  fields: Record<string, string | undefined> = {},
): Html {
  const all = { csrf: frame.csrf, ...fields }
  return html`${Object.entries(all).map(([name, value]) =>
    value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`,
  )}`
}

/** What a field says of itself: that it is explained at `help`, and that a note complains of it. */
export function fieldAttributes(name: string, note: Note | undefined, help = ''): Html {
  const isWrong = note?.bad === true && note.field === name
  const by = `${isWrong ? 'note ' : ''}${help}`.trim()
  return html`${isWrong ? raw(' aria-invalid="true"') : ''}${by === '' ? '' : html` aria-describedby="${by}"`}`
}

function narrow(frame: RenderContext, page: Page, title: string): Html {
  return html`<main class="narrow"><section>
${brand(frame.branding)}
<h1>${title}</h1>
${page.note === undefined ? '' : noteView(page.note)}
${page.body}
${links(frame)}
</section></main>`
}

function wide(frame: RenderContext, page: Page, title: string): Html {
  const below = links(frame)
  return html`<header>
<div>${brand(frame.branding)}${page.owner === undefined ? '' : html`<div class="muted">${frame.messages.text('signedInAs', { name: page.owner })}</div>`}</div>
${page.owner === undefined ? '' : ways(frame)}
</header>
<main>
<h1>${title}</h1>
${page.note === undefined ? '' : noteView(page.note)}
${page.body}
</main>
${below === '' ? '' : html`<footer>${below}</footer>`}`
}

function brand(look: Branding): Html {
  const name = nameOf(look)
  const shown = look.logo === undefined ? name : html`<img src="${look.logo}" alt="${name}">`
  return html`<div class="brand">${shown}</div>`
}

function nameOf({ name = 'PDS' }: Branding): string {
  return name
}

/** To the rest of the account's pages, and out. */
function ways(frame: RenderContext): Html {
  const { messages } = frame
  return html`<nav><a class="button quiet" href="/account">${messages.text('account')}</a>
<form method="post" action="${securityPath}/sign-out">${hiddenFields(frame)}<button class="quiet">${messages.text('signOut')}</button></form></nav>`
}

const linkKinds = ['canonical', 'terms-of-service', 'privacy-policy', 'help'] as const

/** The operator's own pages. Those of a known kind are called as the stock pages call them. */
function links({ branding, messages }: RenderContext): Html | '' {
  const { links: all = [] } = branding
  if (all.length === 0) return ''
  return html`<div class="links">${all.map(({ href, rel }) => {
    const kind = linkKinds.find((one) => one === rel)
    return html`<a href="${href}" rel="${rel ?? ''}">${kind === undefined ? href : messages.text(kind)}</a> `
  })}</div>`
}

export function noteView({ text, bad = false }: Note): Html {
  const [kind, role] = bad ? ['note bad', 'alert'] : ['note good', 'status']
  return html`<p id="note" class="${kind}" role="${role}">${text}</p>`
}
