/** The section on the profile: the name, description and picture of the record that apps such as Bluesky show. */
import { html } from 'hono/html'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { receiveBlob } from '#src/gateway/methods/receive-blob.ts'
import { pictureOf } from '#src/gateway/pages/account/picture.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import type { FormFile } from '#src/gateway/pages/form.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields, noteView } from '#src/gateway/pages/shell.ts'
import { sniffMediaType } from '#src/ports/media-type.ts'
import { PAGE } from '#src/rules/commit-clients.ts'

const name = { collection: 'app.bsky.actor.profile', rkey: 'self' }

/** From the lexicon. */
const pictureTypes = ['image/png', 'image/jpeg']
const MAX_PICTURE_BYTES = 1_000_000

interface StoredProfile {
  cid: string
  value: { displayName?: unknown; description?: unknown; avatar?: unknown }
}

export const profileSection: Section = {
  path: '/profile',
  title: 'profile',
  maxFileBytes: MAX_PICTURE_BYTES,
  counted: { save: 'com.atproto.repo.putRecord' },
  errors: {
    InvalidMimeType: ['notAPicture', 'picture'],
    PayloadTooLarge: ['notAPicture', 'picture'],
  },

  async show(visit, note) {
    const { session, did, texts } = visit
    const { avatar, displayName, description } = (await readProfile(visit))?.value ?? {}
    const remove =
      avatar === undefined
        ? ''
        : field({ name: 'remove', label: texts.text('removePicture'), type: 'check' })
    const form = html`<form method="post" action="/account/profile/save" enctype="multipart/form-data">${hiddenFields(session)}
<div class="who">${pictureOf(did, avatar, textOf(displayName) || visit.name)}<div>
<label for="picture">${texts.text('picture')}</label>
<input id="picture" name="picture" type="file" accept="${pictureTypes.join(',')}" aria-describedby="picture-help">
<small id="picture-help">${texts.text('pictureHelp')}</small>${note?.field === 'picture' ? noteView(note) : ''}${remove}</div></div>
${field({ name: 'displayName', label: texts.text('displayName'), value: textOf(displayName), maxLength: 64, autocomplete: 'name' }, note)}
${field({ name: 'description', label: texts.text('description'), value: textOf(description), type: 'area', maxLength: 256 }, note)}
<button>${texts.text('save')}</button></form>`
    return card(texts.text('profile'), form, { help: texts.text('profileHelp'), bare: true })
  },

  forms: {
    save: async (visit, form, file) => {
      visit.context.mustHaveRoom?.()
      const stored = await readProfile(visit)
      const { displayName, description, avatar, ...others } = stored?.value ?? {}
      const picture = file === undefined ? avatar : await upload(visit, file)
      const kept = form['remove'] === 'yes' && file === undefined ? undefined : picture
      const record = {
        ...{ $type: name.collection, ...others },
        ...texted({ displayName: form['displayName'], description: form['description'] }),
        ...(kept !== undefined && { avatar: kept }),
      }
      // Another app may have changed the profile meanwhile.
      await visit.account.repo.putRecord({
        ...{ ...name, record, client: PAGE },
        swapRecord: stored?.cid ?? null,
      })
      return undefined
    },
  },
}

/** Undefined if there is none, or the account is paused. */
async function readProfile({ account }: Visit): Promise<StoredProfile | undefined> {
  try {
    const { json } = await account.repo.getRecord(name)
    return JSON.parse(json) as StoredProfile
  } catch (error) {
    if (error instanceof XrpcError && error.status === 400) return undefined
    throw error
  }
}

/** Returns the reference for the record. Throws 400 InvalidMimeType. */
async function upload({ account, did, context }: Visit, { bytes }: FormFile): Promise<object> {
  const type = (await sniffMediaType(bytes)) ?? ''
  if (!pictureTypes.includes(type)) throw invalidRequest('Not a picture', 'InvalidMimeType')
  const { blobs } = context.server
  const chunks = (async function* () {
    yield bytes
  })()
  const received = await receiveBlob(blobs, did, { type, length: bytes.length, bytes: chunks })
  const { mimeType } = await account.blob.add(received)
  return { $type: 'blob', ref: { $link: received.cid }, mimeType, size: received.size }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Leaves out empty fields. Forms send CRLF. */
function texted(fields: Record<string, string | undefined>): Record<string, string> {
  const all = Object.entries(fields).map(([key, text = '']) => [
    key,
    text.replaceAll('\r\n', '\n').trim(),
  ])
  return Object.fromEntries(all.filter(([, text]) => text !== ''))
}
