/** What a record says in words: the fields that common lexicons have, such as the text of a post, and its files. */
import { html } from 'hono/html'
import { blobHref } from '#src/gateway/pages/account/data/paths.ts'
import { atUriLink } from '#src/gateway/pages/account/data/record-json.ts'
import { type DataKey, dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Visit } from '#src/gateway/pages/account/section.ts'
import { facts, timeOf } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

export interface RecordBlob {
  cid: string
  mimeType: string
  size: number
}

type Fields = Record<string, unknown>

const MAX_TEXT = 3_000
const MAX_BLOBS = 24
const MAX_DEPTH = 32

const textFields = [
  ['text', 'text'],
  ['title', 'name'],
  ['name', 'name'],
  ['displayName', 'name'],
  ['description', 'about'],
] as const satisfies readonly (readonly [field: string, label: DataKey])[]

/** Empty for a record with none of these fields. */
export function recordSummary({ did, session }: Visit, value: unknown): Html | '' {
  const { text } = dataTexts(session)
  const record = fieldsOf(value)
  const rows: [string, Html | string][] = []
  for (const [field, label] of textFields) {
    const words = record[field]
    if (typeof words !== 'string' || words === '') continue
    rows.push([text(label), html`<span class="prose">${words.slice(0, MAX_TEXT)}</span>`])
  }
  const { subject, reply } = record
  const about = typeof subject === 'string' ? subject : fieldsOf(subject)['uri']
  if (typeof about === 'string') rows.push([text('subject'), atUriLink(did, about)])
  const parent = fieldsOf(fieldsOf(reply)['parent'])['uri']
  if (typeof parent === 'string') rows.push([text('replyTo'), atUriLink(did, parent)])
  const createdAt = createdAtOf(value)
  if (createdAt !== undefined) rows.push([text('created'), timeOf(session, createdAt)])
  return rows.length === 0 ? '' : facts(rows)
}

/** Pictures; other files by their type and size. `isPublic`: whether the account's files are served. */
export function blobPreviews(
  visit: Visit,
  blobs: readonly RecordBlob[],
  isPublic: boolean,
): Html | '' {
  const { did, session } = visit
  if (blobs.length === 0) return ''
  const items = blobs.map(({ cid, mimeType, size }) => {
    const label = `${mimeType}, ${byteText(session.messages.language, size)}`
    if (!isPublic) return html`<li>${label}</li>`
    const href = blobHref(did, cid)
    return html`<li>${isPicture(mimeType) ? html`<img class="preview" src="${href}" alt="" loading="lazy">` : ''}<a href="${href}">${label}</a></li>`
  })
  return html`<ul class="previews">${items}</ul>`
}

export function isPicture(mimeType: string): boolean {
  return mimeType.startsWith('image/')
}

/** The blobs that a record references, each once. */
export function blobsIn(value: unknown): RecordBlob[] {
  const found = new Map<string, RecordBlob>()
  const visit = (one: unknown, depth: number): void => {
    if (typeof one !== 'object' || one === null || depth > MAX_DEPTH) return
    const { $type, ref, mimeType, size } = one as Fields
    const cid = fieldsOf(ref)['$link']
    if ($type === 'blob' && typeof cid === 'string' && typeof mimeType === 'string') {
      if (found.size < MAX_BLOBS) found.set(cid, { cid, mimeType, size: Number(size) || 0 })
      return
    }
    for (const child of Object.values(one)) visit(child, depth + 1)
  }
  visit(value, 0)
  return [...found.values()]
}

/** ISO 8601; undefined if the record has no valid time. */
export function createdAtOf(value: unknown): string | undefined {
  const { createdAt } = fieldsOf(value)
  const time = typeof createdAt === 'string' ? Date.parse(createdAt) : Number.NaN
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
