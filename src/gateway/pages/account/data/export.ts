/** Downloads of the account's data: the repo as a CAR file, or with all files as a ZIP file. */
import { html } from 'hono/html'
import { accountZip } from '#src/gateway/export/account-zip.ts'
import { RunningExports } from '#src/gateway/export/running-exports.ts'
import { type ByteSource, streamOf } from '#src/gateway/http/byte-stream.ts'
import { exportCar } from '#src/gateway/methods/export-car.ts'
import { collectionsOf } from '#src/gateway/pages/account/data/overview.ts'
import { dataPath } from '#src/gateway/pages/account/data/paths.ts'
import { dataTabs, inMyData } from '#src/gateway/pages/account/data/tabs.ts'
import { dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { breakOff, socketOf } from '#src/gateway/xrpc/connection.ts'

/** An estimate: a post of a few words with its share of the tree. */
const RECORD_BYTES = 450

/** Of this process. */
const running = new RunningExports()

export const exportSection: Section = {
  ...inMyData,
  path: '/data/export',
  islands: ['download'],

  async show(visit) {
    const { account, session } = visit
    const { text } = dataTexts(session)
    const [{ bytes }, collections] = await Promise.all([account.blob.usage(), collectionsOf(visit)])
    const records = collections.reduce((sum, { count }) => sum + count, 0) * RECORD_BYTES
    return html`${dataTabs(session, '/export')}
${card(text('archive'), download(visit, 'archive.zip', bytes + records), { help: text('archiveHelp') })}
${card(text('car'), download(visit, 'repo.car', records), { help: text('carHelp') })}
<p class="muted">${text('exportHelp')}</p>`
  },

  downloads: {
    'archive.zip': (visit) => {
      const { account, did, context } = visit
      const { blobs } = context.server
      const now = context.clock.now()
      const open = () => accountZip({ account, did, blobs, now })
      return respond(visit, { type: 'application/zip', extension: 'zip', open })
    },
    'repo.car': (visit) => {
      const open = () => exportCar(visit.account, {}, 'self')
      return respond(visit, { type: 'application/vnd.ipld.car', extension: 'car', open })
    },
  },

  explain({ session }, { error }) {
    if (error !== 'ExportRunning') return undefined
    return { text: dataTexts(session).text('exportRunning'), bad: true }
  },
}

/** A link, which the island makes show how much has arrived. `bytes` is an estimate. */
function download(visit: Visit, name: string, bytes: number): Html {
  const { session } = visit
  const { text } = dataTexts(session)
  const size = byteText(session.messages.language, bytes)
  const file = fileName(visit, name.split('.')[1]!)
  return html`<div data-download="${file}" data-bytes="${bytes}" data-received="${text('received', { done: '{done}', total: size })}"
 data-complete="${text('complete', { done: '{done}' })}" data-failed="${text('failed')}">
<p class="actions"><a class="button" href="${dataPath}/export/${name}">${text('download')}</a><span class="muted">${text('aboutSize', { size })}</span></p>
<div class="arriving" hidden><progress max="${Math.max(bytes, 1)}" value="0" aria-label="${text('download')}"></progress>
<p class="muted" role="status"></p><button type="button" class="quiet">${text('cancel')}</button></div></div>`
}

/** Throws as `RunningExports.begin`. */
async function respond(
  visit: Visit,
  given: { type: string; extension: string; open(): Promise<ByteSource> },
): Promise<Response> {
  const { c, context, did } = visit
  const { type, extension, open } = given
  const headers = {
    'content-type': type,
    'content-disposition': `attachment; filename="${fileName(visit, extension)}"`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  }
  // It has no body that could be read to its end.
  if (c.req.method === 'HEAD') return new Response(null, { headers })
  const source = await running.begin(did, open)
  const fail = (err: unknown) =>
    context.log.error({ id: c.env?.requestId, err }, 'an export broke off')
  const onFailure = socketOf(c) && ((error: unknown) => breakOff(c, () => fail(error)))
  return new Response(streamOf(source, onFailure), { headers })
}

/** Such as `alice.example.com-2026-11-30.zip`. */
function fileName({ name, context }: Visit, extension: string): string {
  const day = new Date(context.clock.now()).toISOString().slice(0, 10)
  return `${name.replaceAll(/[^\w.-]/g, '-')}-${day}.${extension}`
}
