/** The frame of every security page: its head, its header, and the headers that keep others out of it. */
import { randomBytes } from 'node:crypto'
import { html, raw } from 'hono/html'
import { home } from '#src/gateway/security/home.ts'
import { passkeyScript } from '#src/gateway/security/passkey-script.ts'
import { type Look, styleOf } from '#src/gateway/security/style.ts'
import type { Speech, Word } from '#src/gateway/security/words.ts'

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
  narrow?: boolean
  /** Where the browser goes by itself. */
  onward?: string
  status?: number
}

export interface Note {
  text: string
  bad?: boolean
}

/** Answers with a page; nothing may keep it, frame it, or run in it that is not ours. */
export async function answerPage(frame: Frame, page: Page): Promise<Response> {
  const { speech, look } = frame
  const nonce = randomBytes(16).toString('base64')
  const title = speech.say(page.title)
  const { name = 'PDS' } = look
  const text = await html`<!doctype html>
<html lang="${speech.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${page.onward === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${page.onward}">`}
<title>${title} – ${name}</title>
<style nonce="${nonce}">${raw(styleOf(look))}</style>
</head>
<body>
<header${raw(page.narrow ? ' class="narrow"' : '')}>
<div>${look.logo === undefined ? html`<strong>${name}</strong>` : html`<img src="${look.logo}" alt="${name}">`}</div>
${page.owner === undefined ? '' : ownerForm(frame, page.owner)}
</header>
<main${raw(page.narrow ? ' class="narrow"' : '')}>
<h1>${title}</h1>
${page.note === undefined ? '' : noteOf(page.note)}
${page.body}
</main>
${page.passkeys ? html`<script nonce="${nonce}">${raw(passkeyScript)}</script>` : ''}
</body>
</html>`
  const { status = 200 } = page
  return new Response(String(text), { status, headers: headersOf(nonce, look) })
}

/** A form's hidden fields. */
export function hidden(frame: Frame, fields: Record<string, string | undefined> = {}): Html {
  const all = { csrf: frame.csrf, ...fields }
  return html`${Object.entries(all).map(([name, value]) =>
    value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`,
  )}`
}

function ownerForm(frame: Frame, owner: string): Html {
  const { speech } = frame
  return html`<form method="post" action="${home}/sign-out">${hidden(frame)}
<span class="muted">${speech.say('signedInAs', { name: owner })}</span>
<button class="quiet small">${speech.say('signOut')}</button></form>`
}

function noteOf({ text, bad = false }: Note): Html {
  const [kind, role] = bad ? ['note bad', 'alert'] : ['note', 'status']
  return html`<p class="${kind}" role="${role}">${text}</p>`
}

function headersOf(nonce: string, { logo }: Look): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    `img-src ${logo === undefined ? "'none'" : sourceOf(logo)}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy':
      'publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=()',
    'cache-control': 'no-store',
    vary: 'Accept-Language, Cookie',
  }
}

/** As a policy names it. */
function sourceOf(url: string): string {
  return url.startsWith('data:') ? 'data:' : new URL(url).origin
}
