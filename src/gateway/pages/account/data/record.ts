/** One record: what it says, its address, its JSON, and deleting it. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import { dataPath, recordsHref } from '#src/gateway/pages/account/data/paths.ts'
import { jsonView } from '#src/gateway/pages/account/data/record-json.ts'
import {
  blobPreviews,
  blobsIn,
  recordSummary,
} from '#src/gateway/pages/account/data/record-summary.ts'
import { dataTabs, inMyData } from '#src/gateway/pages/account/data/tabs.ts'
import { dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card, emptyState, facts } from '#src/gateway/pages/blocks.ts'
import { confirmForm, isTyped, wronglyTyped } from '#src/gateway/pages/form-blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { PAGE } from '#src/rules/commit-clients.ts'

interface Shown {
  uri: string
  cid: string
  value: unknown
}

export const recordSection: Section = {
  ...inMyData,
  path: '/data/record',
  islands: ['copy'],
  counted: { delete: 'com.atproto.repo.deleteRecord' },

  async show(visit, note) {
    const { did, session, account } = visit
    const { text } = dataTexts(session)
    const { collection, rkey } = namedIn(visit)
    const [record, { status }] = await Promise.all([
      readRecord(visit),
      account.identity.getIdentity(),
    ])
    const all = html`<a href="${recordsHref({ collection })}">${text('allOf', { collection })}</a>`
    if (record === undefined)
      return html`${dataTabs(session, '')}${emptyState(text('noRecord'), all)}`
    const { uri, cid, value } = record
    const blobs = blobsIn(value)
    const isPublic = status === 'active'
    const summary = html`${recordSummary(visit, value)}${blobPreviews(visit, blobs, isPublic)}`
    const address = facts([
      [text('uri'), copied(visit, uri)],
      [text('cid'), copied(visit, cid)],
    ])
    const linked = new Set(isPublic ? blobs.map((one) => one.cid) : [])
    const { view, isCut } = jsonView(did, value, linked)
    const raw = `/xrpc/com.atproto.repo.getRecord?${new URLSearchParams({ repo: did, collection, rkey })}`
    const whole = isPublic ? html` <a href="${raw}">${text('raw')}</a>` : ''
    const help = isCut ? { help: html`${text('jsonCut')}${whole}` } : {}
    const form = confirmForm(session, {
      // The query names the record also on the page that shows an error.
      action: `${dataPath}/record/delete?${new URLSearchParams({ collection, rkey })}`,
      ...{ typed: rkey, label: text('deleteRecord'), fields: { cid }, note },
    })
    const danger = { help: text('deleteHelp'), danger: true }
    return html`${dataTabs(session, '')}<p>${all}</p>
${card(collection, html`${summary}${address}`)}
${card(text('json'), view, help)}
${card(text('deleteRecord'), form, danger)}`
  },

  forms: {
    delete: async (visit, form) => {
      const { account, c, context, did, session } = visit
      const { collection, rkey } = namedIn(visit)
      if (!isTyped(form, rkey)) return wronglyTyped(session)
      context.server.movedAccounts.mustBeHere(did)
      // Not what was written in the meantime.
      await account.repo.deleteRecord({
        ...{ collection, rkey, client: PAGE },
        swapRecord: form['cid'] ?? '',
      })
      return c.redirect(recordsHref({ collection, done: '' }), 303)
    },
  },

  explain({ session }, { error }) {
    if (error !== 'InvalidSwap') return undefined
    return { text: dataTexts(session).text('changedMeanwhile'), bad: true }
  },
}

function namedIn({ c }: Visit): { collection: string; rkey: string } {
  const { collection = '', rkey = '' } = c.req.query()
  return { collection: collection.slice(0, 317), rkey: rkey.slice(0, 512) }
}

/** Undefined if it does not exist, or a moderator hides it. */
async function readRecord(visit: Visit): Promise<Shown | undefined> {
  try {
    const { json } = await visit.account.repo.getRecord(namedIn(visit), 'self')
    return JSON.parse(json) as Shown
  } catch (error) {
    if (error instanceof XrpcError && error.status === 400) return undefined
    throw error
  }
}

/** The island adds a button; without it, a click selects the whole text. */
function copied({ session }: Visit, value: string): Html {
  const { text } = dataTexts(session)
  return html`<code class="copied" data-copy="${text('copy')}" data-copied="${text('copied')}">${value}</code>`
}
