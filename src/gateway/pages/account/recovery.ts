/** The section on the rotation keys of a did:plc: its owner adds one of its own, before this server's, or removes one. */
import { html } from 'hono/html'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import {
  mustBeSigner,
  signPlcOperation,
  submitPlcOperation,
} from '#src/gateway/identity/plc-requests.ts'
import { sendCode } from '#src/gateway/mails.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields, type Note } from '#src/gateway/pages/shell.ts'
import { isRotationKey } from '#src/protocol/plc-operation.ts'
import { isoTime } from '#src/rules/iso-time.ts'

/** As the specification of did:plc says. */
const MAX_KEYS = 5
const path = '/account/recovery'

export const recoverySection: Section = {
  path: '/recovery',
  title: 'recoveryKey',
  islands: ['recovery'],
  counted: { send: 'com.atproto.identity.requestPlcOperationSignature' },
  errors: {
    InvalidToken: ['wrongCode', 'code'],
    ExpiredToken: ['wrongCode', 'code'],
    InvalidKey: ['keyInvalid', 'key'],
    KeyExists: ['keyExists', 'key'],
    TooManyKeys: ['tooManyKeys', 'key'],
  },

  async show(visit, note) {
    const { did, texts } = visit
    const why = { help: texts.text('recoveryKeyHelp') }
    const title = texts.text('recoveryKey')
    if (!did.startsWith('did:plc:')) {
      const domain = did.slice('did:web:'.length)
      return card(title, html`<p>${texts.text('ownDid', { domain })}</p>`, { ...why, bare: true })
    }
    const keys = await keysOf(visit)
    if (keys.every(({ kind }) => kind !== 'server')) {
      return html`${card(title, html`<p>${texts.text('allKeysYours')}</p>`, { ...why, bare: true })}
${listView(visit, keys, false)}`
    }
    return html`${addView(visit, note)}${listView(visit, keys, true)}`
  },

  forms: {
    send: async (visit) => {
      const { account, context, did, texts } = visit
      await mustBeSigner(context.server.identity, did)
      const mailed = await account.email.requestToken({ purpose: 'plc_operation' })
      await sendCode(context.server, account, mailed, 'plcOperation')
      const email = (await account.oauth.describe())?.account.email ?? ''
      return { text: texts.text('codeSentTo', { email }) }
    },
    add: async (visit, { key: typed = '', code = '' }) => {
      const key = typed.trim()
      if (!isRotationKey(key)) throw invalidRequest('Not a did:key', 'InvalidKey')
      const keys = (await keysOf(visit)).map((one) => one.key)
      if (keys.includes(key)) throw invalidRequest('The identity already has this key', 'KeyExists')
      if (keys.length >= MAX_KEYS) throw invalidRequest('Too many keys', 'TooManyKeys')
      await visit.account.identity.noteRotationKey({ key })
      await publish(visit, [key, ...keys], code)
      return undefined
    },
    remove: async (visit, { key = '', code = '' }) => {
      const keys = await keysOf(visit)
      const found = keys.find((one) => one.key === key)
      if (found === undefined) return undefined
      if (!isRemovable(found)) throw invalidRequest('This key cannot be removed here')
      const kept = keys.map((one) => one.key).filter((one) => one !== key)
      try {
        await publish(visit, kept, code)
        return undefined
      } catch (error) {
        // Not beside the field of the other form.
        const isCode = error instanceof XrpcError && /^(Invalid|Expired)Token$/.test(error.error)
        if (isCode) return { text: visit.texts.text('wrongCode'), bad: true }
        throw error
      }
    },
  },
}

interface Key {
  key: string
  kind: 'server' | 'operator' | 'yours' | 'other'
  addedAt?: number | undefined
}

/** Highest precedence first. Throws 502. */
async function keysOf({ account, context, did }: Visit): Promise<Key[]> {
  const { plc, credentials } = context.server.identity
  const [data, own] = await Promise.all([
    plc.getDocumentData(did),
    account.identity.listOwnRotationKeys(),
  ])
  return (data?.rotationKeys ?? []).map((key) => {
    if (key === credentials.rotationKeyDid) return { key, kind: 'server' }
    if (key === credentials.recoveryKeyDid) return { key, kind: 'operator' }
    const added = own.find((one) => one.key === key)
    return { key, kind: added === undefined ? 'other' : 'yours', addedAt: added?.addedAt }
  })
}

function isRemovable({ kind }: Key): boolean {
  return kind === 'yours' || kind === 'other'
}

/** Throws 400 InvalidToken or ExpiredToken for a wrong code, which is used up only if the operation can be signed. */
async function publish(
  { account, context, did, client }: Visit,
  rotationKeys: readonly string[],
  code: string,
): Promise<void> {
  const { identity } = context.server
  const token = code.trim()
  const consume = () => account.identity.consumePlcToken({ token, client })
  const operation = await signPlcOperation(identity, did, { rotationKeys }, consume)
  await submitPlcOperation(identity, did, operation)
}

/** The code first: the page that says that it was sent would have forgotten a key that was created before. */
function addView({ session, texts, name, did }: Visit, note: Note | undefined): Html {
  const about = texts.text('keyFile', { name, did })
  const send = actionForm(session, { action: `${path}/send`, label: texts.text('sendCode') })
  const create = html`<div data-new-key hidden><button type="button" class="quiet" data-create>${texts.text('createKey')}</button>
<div data-created hidden><p><b>${texts.text('privateKey')}</b></p><p class="muted">${texts.text('privateKeyHelp')}</p>
<div class="secret" data-secret></div>
<a class="button quiet" download="recovery-key-${name}.txt" data-about="${about}" href="#key">${texts.text('saveKey')}</a></div></div>`
  const form = html`<form method="post" action="${path}/add">${hiddenFields(session)}
${field({ name: 'code', label: texts.text('code'), required: true, maxLength: 40, autocomplete: 'one-time-code' }, note)}
${create}
${field({ name: 'key', label: texts.text('publicKey'), required: true, maxLength: 200, autocomplete: 'off', help: texts.text('publicKeyHelp') }, note)}
<label class="check"><input type="checkbox" required>${texts.text('keyIsSaved')}</label>
<button>${texts.text('addKey')}</button></form>`
  const body = html`<p>${texts.text('keyCode')}</p>${send}${form}`
  return card(texts.text('addRecoveryKey'), body, { help: texts.text('recoveryKeyHelp') })
}

function listView(visit: Visit, keys: readonly Key[], mayChange: boolean): Html {
  const { texts } = visit
  const rows = keys.map((key, i) => {
    const remove = mayChange && isRemovable(key) ? removeForm(visit, key) : ''
    return html`<li class="row"><div><b>${i + 1}. ${nameOf(visit, key)}</b><small><code>${key.key}</code></small>${remove}</div></li>`
  })
  return card(texts.text('keys'), html`<ul>${rows}</ul>`, {
    help: texts.text('keysHelp'),
  })
}

function nameOf({ texts, session }: Visit, { kind, addedAt }: Key): string {
  switch (kind) {
    case 'server':
      return texts.text('keyOfServer')
    case 'operator':
      return texts.text('keyOfOperator')
    case 'yours':
      return texts.text('keyAdded', { date: session.messages.formatDate(isoTime(addedAt ?? 0)) })
    default:
      return texts.text('keyOther')
  }
}

function removeForm({ session, texts }: Visit, { key }: Key): Html {
  const id = `code-${key.slice(-12)}`
  return html`<details class="more"><summary>${texts.text('removeKey')}</summary>
<form method="post" action="${path}/remove">${hiddenFields(session, { key })}
<p class="muted">${texts.text('removeKeyHelp')}</p>
<label for="${id}">${texts.text('code')}</label><input id="${id}" name="code" required maxlength="40" autocomplete="one-time-code">
<button class="bad">${texts.text('removeKey')}</button></form></details>`
}
