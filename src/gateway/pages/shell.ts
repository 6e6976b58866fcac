/** The layout of every security page: head, header, footer and response headers. */
import { randomBytes } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { MessageKey, Messages } from '#src/gateway/pages/messages.ts'
import { pageHeaders } from '#src/gateway/pages/page-headers.ts'
import { passkeyScript, timeScript } from '#src/gateway/pages/page-scripts.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { type Branding, styleSheet } from '#src/gateway/pages/style.ts'

/** Made by `html`, which escapes interpolated values. */
export type Html = ReturnType<typeof html>

export interface RenderContext {
  branding: Branding
  messages: Messages
  csrf: string
}

export interface Page {
  title: MessageKey
  body: Html
  owner?: string
  note?: Note | undefined
  passkeys?: boolean
  narrow?: boolean
  redirectTo?: string
  status?: number
}

export interface Note {
  text: string
  bad?: boolean
  field?: string
}

export async function renderPage(context: RenderContext, page: Page): Promise<Response> {
  const { messages, branding } = context
  const nonce = randomBytes(16).toString('base64')
  const title = messages.text(page.title)
  const text = await html`<!doctype html>
<html lang="${messages.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${page.redirectTo === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${page.redirectTo}">`}
<title>${title} – ${serverName(branding)}</title>
<style nonce="${nonce}">${raw(styleSheet(branding))}</style>
</head>
<body>
${page.narrow ? narrowLayout(context, page, title) : wideLayout(context, page, title)}
${page.passkeys ? script(nonce, passkeyScript) : ''}${page.owner === undefined ? '' : script(nonce, timeScript)}
</body>
</html>`
  const { status = 200 } = page
  return new Response(String(text), { status, headers: pageHeaders(nonce, branding) })
}

function script(nonce: string, text: string): Html {
  return html`<script nonce="${nonce}">${raw(`{${text}}`)}</script>`
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

function narrowLayout(context: RenderContext, page: Page, title: string): Html {
  return html`<main class="narrow"><section>
${brand(context.branding)}
<h1>${title}</h1>
${page.note === undefined ? '' : noteView(page.note)}
${page.body}
${operatorLinks(context)}
</section></main>`
}

function wideLayout(context: RenderContext, page: Page, title: string): Html {
  const below = operatorLinks(context)
  return html`<header>
<div>${brand(context.branding)}${page.owner === undefined ? '' : html`<div class="muted">${context.messages.text('signedInAs', { name: page.owner })}</div>`}</div>
${page.owner === undefined ? '' : accountNav(context)}
</header>
<main>
<h1>${title}</h1>
${page.note === undefined ? '' : noteView(page.note)}
${page.body}
</main>
${below === '' ? '' : html`<footer>${below}</footer>`}`
}

function brand(branding: Branding): Html {
  const name = serverName(branding)
  const content =
    branding.logo === undefined ? name : html`<img src="${branding.logo}" alt="${name}">`
  return html`<div class="brand">${content}</div>`
}

function serverName({ name = 'PDS' }: Branding): string {
  return name
}

function accountNav(context: RenderContext): Html {
  const { messages } = context
  return html`<nav><a class="button quiet" href="/account">${messages.text('account')}</a>
<form method="post" action="${securityPath}/sign-out">${hiddenFields(context)}<button class="quiet">${messages.text('signOut')}</button></form></nav>`
}

const linkKinds = ['canonical', 'terms-of-service', 'privacy-policy', 'help'] as const

/** Links with a known `rel` have the labels of the stock pages. */
function operatorLinks({ branding, messages }: RenderContext): Html | '' {
  const { links: all = [] } = branding
  if (all.length === 0) return ''
  return html`<div class="links">${all.map(({ href, rel }) => {
    const kind = linkKinds.find((known) => known === rel)
    return html`<a href="${href}" rel="${rel ?? ''}">${kind === undefined ? href : messages.text(kind)}</a> `
  })}</div>`
}

export function noteView({ text, bad = false }: Note): Html {
  const [kind, role] = bad ? ['note bad', 'alert'] : ['note good', 'status']
  return html`<p id="note" class="${kind}" role="${role}">${text}</p>`
}
