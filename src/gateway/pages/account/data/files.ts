/** The files of the account, newest first: previews of pictures, types and sizes, and the records that use them. */
import { html } from 'hono/html'
import type { OwnBlob } from '#src/account/blobs/own-blobs.ts'
import { blobHref, dataPath, recordHref } from '#src/gateway/pages/account/data/paths.ts'
import { isPicture } from '#src/gateway/pages/account/data/record-summary.ts'
import { dataTabs, inMyData } from '#src/gateway/pages/account/data/tabs.ts'
import { dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { badge, card, emptyState, timeOf } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { pager } from '#src/gateway/pages/form-blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const PAGE_FILES = 24
const MAX_CURSOR = 200

export const filesSection: Section = {
  ...inMyData,
  path: '/data/files',
  async show(visit) {
    const { account, c, session } = visit
    const { text } = dataTexts(session)
    const cursor = c.req.query('cursor')?.slice(0, MAX_CURSOR)
    const [{ blobs, cursor: next }, { status }] = await Promise.all([
      account.blob.listOwn({ limit: PAGE_FILES, ...(cursor && { cursor }) }),
      account.identity.getIdentity(),
    ])
    const items = blobs.map((blob) => fileView(visit, blob, status === 'active'))
    const list =
      items.length === 0 ? emptyState(text('noFiles')) : html`<ul class="files">${items}</ul>`
    const after = next && `${dataPath}/files?${new URLSearchParams({ cursor: next })}`
    return html`${dataTabs(session, '/files')}
${card(text('files'), list, { help: text('filesHelp') })}${pager(session, { after })}`
  },
}

/** `isPublic`: whether the account's files are served. */
function fileView({ did, session }: Visit, blob: OwnBlob, isPublic: boolean): Html {
  const { text } = dataTexts(session)
  const { cid, mimeType, size, createdAt, isTakenDown, isHeld = false, paths, uses } = blob
  const isServed = isPublic && !isTakenDown && uses > 0
  const href = blobHref(did, cid)
  const [type = '', subtype = ''] = mimeType.split('/')
  const preview =
    isServed && isPicture(mimeType)
      ? html`<img src="${href}" alt="" loading="lazy">`
      : html`<span aria-hidden="true">${(subtype || type).slice(0, 12)}</span>`
  const used = paths.map((path) => html`<li><a href="${recordHref(path)}">${path}</a></li>`)
  const more = uses - paths.length
  const label = html`${mimeType}, ${byteText(session.messages.language, size)}`
  return html`<li class="file"><div class="preview">${preview}</div>
<div>${isServed ? html`<a href="${href}">${label}</a>` : label}<small>${timeOf(session, isoTime(createdAt))}</small>
${isTakenDown ? badge(text('takenDown'), 'warn') : ''}
${
  uses === 0
    ? html`<small>${text(isHeld ? 'inHistory' : 'notUsed')}</small>`
    : html`<small>${text('usedIn')}</small><ul class="uses">${used}${more > 0 ? html`<li>${text('andMore', { n: more })}</li>` : ''}</ul>`
}</div></li>`
}
