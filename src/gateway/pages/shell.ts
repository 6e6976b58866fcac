/** The frame of every security page: its head, its header, what is below it, and where it goes on by itself. */
import { randomBytes } from 'node:crypto'
import { html, raw } from 'hono/html'
import { home } from '#src/gateway/pages/home.ts'
import { pageHeaders } from '#src/gateway/pages/page-headers.ts'
import { passkeyScript, timeScript } from '#src/gateway/pages/page-scripts.ts'
import { type Look, styleOf } from '#src/gateway/pages/style.ts'
import type { Speech, Word } from '#src/gateway/pages/words.ts'

/** HTML that is safe: made by `html`, which escapes what is put in. */
export type Html = ReturnType<typeof html>

/** What every page is made with. */
export interface Frame {
  look: Look
  speech: Speech
  /** What every form must carry. */
  csrf: string
}

export interface Page {
  title: Word
  body: Html
  /** Who is signed in. */
  owner?: string
  note?: Note | undefined
  /** Whether the page has a form for a passkey. */
  passkeys?: boolean
  /** One card in the middle, as the stock sign-in page. */
  narrow?: boolean
  /** Where the browser goes by itself. */
  onward?: string
  status?: number
}

export interface Note {
  text: string
  bad?: boolean
  /** The name of the field that it is about. */
  field?: string
}

/** Answers with a page; nothing may keep it, frame it, or run in it that is not ours. */
export async function answerPage(frame: Frame, page: Page): Promise<Response> {
  const { speech, look } = frame
  const nonce = randomBytes(16).toString('base64')
  const title = speech.say(page.title)
  const text = await html`<!doctype html>
<html lang="${speech.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${page.onward === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${page.onward}">`}
<title>${title} – ${nameOf(look)}</title>
<style nonce="${nonce}">${raw(styleOf(look))}</style>
</head>
<body>
${page.narrow ? narrow(frame, page, title) : wide(frame, page, title)}
${page.passkeys ? script(nonce, passkeyScript) : ''}${page.owner === undefined ? '' : script(nonce, timeScript)}
</body>
</html>`
  const { status = 200 } = page
  return new Response(String(text), { status, headers: pageHeaders(nonce, look) })
}

function script(nonce: string, text: string): Html {
  return html`<script nonce="${nonce}">${raw(`{${text}}`)}</script>`
}

/** A form's hidden fields. */
export function hidden(frame: Frame, fields: Record<string, string | undefined> = {}): Html {
  const all = { csrf: frame.csrf, ...fields }
  return html`${Object.entries(all).map(([name, value]) =>
    value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`,
  )}`
}

/** What a field says of itself: that it is explained at `help`, and that a note complains of it. */
export function told(name: string, note: Note | undefined, help = ''): Html {
  const isWrong = note?.bad === true && note.field === name
  const by = `${isWrong ? 'note ' : ''}${help}`.trim()
  return html`${isWrong ? raw(' aria-invalid="true"') : ''}${by === '' ? '' : html` aria-describedby="${by}"`}`
}

function narrow(frame: Frame, page: Page, title: string): Html {
  return html`<main class="narrow"><section>
${brand(frame.look)}
<h1>${title}</h1>
${page.note === undefined ? '' : noteOf(page.note)}
${page.body}
${links(frame)}
</section></main>`
}

function wide(frame: Frame, page: Page, title: string): Html {
  const below = links(frame)
  return html`<header>
<div>${brand(frame.look)}${page.owner === undefined ? '' : html`<div class="muted">${frame.speech.say('signedInAs', { name: page.owner })}</div>`}</div>
${page.owner === undefined ? '' : ways(frame)}
</header>
<main>
<h1>${title}</h1>
${page.note === undefined ? '' : noteOf(page.note)}
${page.body}
</main>
${below === '' ? '' : html`<footer>${below}</footer>`}`
}

function brand(look: Look): Html {
  const name = nameOf(look)
  const shown = look.logo === undefined ? name : html`<img src="${look.logo}" alt="${name}">`
  return html`<div class="brand">${shown}</div>`
}

function nameOf({ name = 'PDS' }: Look): string {
  return name
}

/** To the rest of the account's pages, and out. */
function ways(frame: Frame): Html {
  const { speech } = frame
  return html`<nav><a class="button quiet" href="/account">${speech.say('account')}</a>
<form method="post" action="${home}/sign-out">${hidden(frame)}<button class="quiet">${speech.say('signOut')}</button></form></nav>`
}

const linkKinds = ['canonical', 'terms-of-service', 'privacy-policy', 'help'] as const

/** The operator's own pages. Those of a known kind are called as the stock pages call them. */
function links({ look, speech }: Frame): Html | '' {
  const { links: all = [] } = look
  if (all.length === 0) return ''
  return html`<div class="links">${all.map(({ href, rel }) => {
    const kind = linkKinds.find((one) => one === rel)
    return html`<a href="${href}" rel="${rel ?? ''}">${kind === undefined ? href : speech.say(kind)}</a> `
  })}</div>`
}

export function noteOf({ text, bad = false }: Note): Html {
  const [kind, role] = bad ? ['note bad', 'alert'] : ['note good', 'status']
  return html`<p id="note" class="${kind}" role="${role}">${text}</p>`
}
