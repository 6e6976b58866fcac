/** The cards of the section on moving: the forms that begin a move, and a move that is under way or done. */
import { html } from 'hono/html'
import type { ServerDescription } from '#src/gateway/migrations/other-server.ts'
import { card, facts } from '#src/gateway/pages/blocks.ts'
import { sentenceOf } from '#src/gateway/pages/errors/error-text.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { progressView } from '#src/gateway/pages/move/progress-view.ts'
import type { MoveMessages } from '#src/gateway/pages/move/texts.ts'
import { type Html, hiddenFields, type Note, type RenderContext } from '#src/gateway/pages/shell.ts'
import type { Migration } from '#src/rules/migrations.ts'

export interface MoveContext {
  session: RenderContext
  texts: MoveMessages
  note: Note | undefined
  /** The URL of this server. */
  here: string
  /** Of the page. */
  path: string
  /** Of the page that deletes an account that has left. */
  deletePath?: string
}

type FieldContext = Pick<MoveContext, 'texts' | 'note'>

const MAX_PASSWORD = 512

export function passwordFields({ texts, note }: FieldContext, label: string): Html {
  return html`${field({ name: 'password', label, type: 'password', required: true, maxLength: MAX_PASSWORD, autocomplete: 'off', help: texts.text('oldPasswordHelp') }, note)}
${field({ name: 'factor', label: texts.text('factorCode'), maxLength: 40, autocomplete: 'one-time-code', help: texts.text('factorHelp') }, note)}`
}

/** Of the new account: its name, email address and password. */
export function accountFields(
  { texts, note }: FieldContext,
  input: {
    domains: readonly { value: string; label: string }[]
    name: string
    domain?: string | undefined
    email: string
    /** If the email address may be left out. */
    emailHelp?: string
    passwordLabel: string
    inviteCode: string | undefined
  },
): Html {
  const { domains, name, domain, email, emailHelp, passwordLabel, inviteCode } = input
  const mail = emailHelp === undefined ? { required: true } : { help: emailHelp }
  const invite =
    inviteCode === undefined
      ? ''
      : field(
          {
            name: 'invite',
            label: texts.text('inviteCode'),
            value: inviteCode,
            required: true,
            maxLength: 200,
            autocomplete: 'off',
          },
          note,
        )
  return html`<div class="filters"><div>${field({ name: 'name', label: texts.text('name'), value: name, maxLength: 253, autocomplete: 'off' }, note)}</div>
<div>${field({ name: 'domain', label: texts.text('domain'), value: domain ?? domains[0]?.value, options: domains })}</div></div>
${field({ name: 'email', label: texts.text('email'), type: 'email', value: email, ...mail, maxLength: 320, autocomplete: 'email' }, note)}
${field({ name: 'new-password', label: passwordLabel, type: 'password', required: true, maxLength: 256, autocomplete: 'new-password', help: texts.text('passwordHelp') }, note)}
${invite}`
}

export function chooseServerView({ texts, note, path }: MoveContext, server: string): Html {
  const help = { name: 'server', label: texts.text('newServer'), value: server }
  return card(
    texts.text('moveAway'),
    html`<form method="get" action="${path}">${field({ ...help, required: true, maxLength: 300, autocomplete: 'off', help: texts.text('newServerHelp') }, note)}
<button>${texts.text('next')}</button></form>`,
    { help: texts.text('moveAwayHelp') },
  )
}

export function newAccountView(
  context: MoveContext,
  server: ServerDescription,
  given: { name: string; email: string },
): Html {
  const { session, texts, path } = context
  const host = hostOf(server.url)
  const domains = [
    ...server.domains.map((value) => ({ value, label: value })),
    { value: '', label: texts.text('keepHandle') },
  ]
  const inviteCode = server.inviteRequired ? '' : undefined
  const passwordLabel = texts.text('passwordThere')
  return card(
    texts.text('accountAt', { server: host }),
    html`<form method="post" action="${path}/out?server=${encodeURIComponent(server.url)}">${hiddenFields(session)}
${accountFields(context, { ...given, domains, passwordLabel, inviteCode })}
<div class="actions"><button>${texts.text('start')}</button><a class="button quiet" href="${path}">${texts.text('otherServer')}</a></div></form>`,
    { help: texts.text('moveAwayHelp') },
  )
}

export function bringBackView(context: MoveContext, server: string): Html {
  const { session, texts, path } = context
  const host = hostOf(server)
  return card(
    texts.text('bringBack'),
    html`<form method="post" action="${path}/back">${hiddenFields(session)}
${passwordFields(context, texts.text('passwordAt', { server: host }))}
<button>${texts.text('start')}</button></form>`,
    { help: texts.text('bringBackHelp', { server: host }) },
  )
}

export interface Shown {
  move: Migration
  handle: string
}

export function moveView(context: MoveContext, shown: Shown): Html {
  const { session, texts, path } = context
  const { move } = shown
  const server = hostOf(move.server)
  const title = texts.text(move.direction === 'in' ? 'movingFrom' : 'movingTo', { server })
  if (move.step === 'done') return doneView(context, shown)
  const steps = html`${progressView(texts, move)}${move.isRunning ? html`<p class="muted">${texts.text('leaveOpen')}</p>` : ''}`
  const mayCancel = ['repo', 'blobs', 'preferences', 'code'].includes(move.step)
  const cancelHelp = texts.text(move.direction === 'in' ? 'cancelIn' : 'cancelOut', { server })
  const cancel = actionForm(session, { action: `${path}/cancel`, label: texts.text('cancel') })
  return html`${card(title, steps)}
${move.isRunning ? '' : nextView(context, shown)}
${mayCancel ? card(texts.text('cancel'), cancel, { help: cancelHelp }) : ''}`
}

function nextView(context: MoveContext, shown: Shown): Html {
  const { session, texts, path } = context
  const { move } = shown
  const { wanted } = move.progress
  const server = hostOf(move.server)
  if (move.error === 'SignIn') {
    const label = texts.text('passwordAt', { server })
    const form = html`<form method="post" action="${path}/sign-in">${hiddenFields(session)}${passwordFields(context, label)}
<button>${texts.text('continue')}</button></form>`
    return card(texts.text('continue'), form, { help: texts.text('sessionOver', { server }) })
  }
  const isWaiting = move.step === 'code' && move.progress.operation === undefined
  if (move.error !== null || !isWaiting) {
    const label = texts.text('continue')
    const form = actionForm(session, { action: `${path}/continue`, label, kind: 'primary' })
    const message = move.error ?? '–'
    const reason = sentenceOf(session, { error: '', message }) ?? message
    const help = texts.text('stoppedBecause', { reason })
    return html`<div class="note bad"><p>${help}</p>${form}</div>${isWaiting ? confirmView(context, shown) : ''}`
  }
  return html`${missingView(context, move)}${wanted === undefined ? confirmView(context, shown) : ownDidView(context, wanted)}`
}

function missingView({ session, texts, path }: MoveContext, { progress }: Migration): Html | '' {
  const { missing = 0, missingCids = [] } = progress
  if (missing === 0) return ''
  const list = missingCids.map((cid) => html`<li><code>${cid}</code></li>`)
  const again = actionForm(session, { action: `${path}/again`, label: texts.text('copyAgain') })
  return card(
    texts.text('missing', { n: missing }),
    html`<details class="more"><summary>CID</summary><ul>${list}</ul></details>${again}`,
    { help: texts.text('missingHelp') },
  )
}

function confirmView(context: MoveContext, { move }: Shown): Html {
  const { session, texts, note, here, path } = context
  const server = hostOf(move.direction === 'in' ? move.server : here)
  const send = actionForm(session, { action: `${path}/send`, label: texts.text('sendCode') })
  const form = html`<form method="post" action="${path}/confirm">${hiddenFields(session)}
${field({ name: 'code', label: texts.text('code'), required: true, maxLength: 40, autocomplete: 'one-time-code' }, note)}
<button>${texts.text('moveNow')}</button></form>`
  return card(texts.text('confirmTitle'), html`${send}${form}`, {
    help: texts.text('confirmHelp', { server }),
  })
}

function ownDidView(
  { session, texts, path }: MoveContext,
  wanted: NonNullable<Migration['progress']['wanted']>,
): Html {
  const values = facts([
    [texts.text('endpoint'), html`<code>${wanted.endpoint}</code>`],
    [texts.text('signingKey'), html`<code>${wanted.signingKey}</code>`],
  ])
  const label = texts.text('published')
  const form = actionForm(session, { action: `${path}/continue`, label, kind: 'primary' })
  return card(texts.text('ownDidTitle'), html`${values}${form}`, { help: texts.text('ownDidHelp') })
}

function doneView(
  { session, texts, path, deletePath }: MoveContext,
  { move, handle }: Shown,
): Html {
  const server = hostOf(move.server)
  const isIn = move.direction === 'in'
  const close = actionForm(session, { action: `${path}/cancel`, label: texts.text('close') })
  const remove =
    isIn || deletePath === undefined
      ? ''
      : html`<a class="button quiet" href="${deletePath}">${texts.text('deleteCopy')}</a>`
  return card(
    texts.text(isIn ? 'doneIn' : 'doneOut', { server }),
    html`${progressView(texts, move)}<div class="actions">${remove}${close}</div>`,
    { help: texts.text(isIn ? 'doneInHelp' : 'doneOutHelp', { server, handle }) },
  )
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}
