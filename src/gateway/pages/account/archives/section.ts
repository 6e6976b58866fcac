/** The section on archives in a bucket of the owner's: where, how the last one went, and what else there is. */
import { html } from 'hono/html'
import type { ArchiveAction } from '#src/account/archive/own-archives.ts'
import { XrpcError } from '#src/errors.ts'
import type { BucketInput } from '#src/gateway/archives/save-bucket.ts'
import { archiveTexts } from '#src/gateway/pages/account/archives/texts.ts'
import { bucketForm, stateView } from '#src/gateway/pages/account/archives/views.ts'
import type { Outcome, Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { PAGE } from '#src/rules/commit-clients.ts'

/** What was typed into the form that is shown again because of an error. */
const typed = new WeakMap<Visit, Form>()

export const archivesSection: Section = {
  path: '/archives',
  title: 'archives',
  counted: {
    save: 'dev.headwater.archive.putBucket',
    create: 'dev.headwater.archive.createArchive',
  },

  async show(visit, note) {
    const { text } = archiveTexts(visit.session)
    const found = await own(visit).find(visit.did)
    const state = found && html`<div data-cell="archives">${stateView(visit, found)}</div>`
    return html`${state ?? html`<p class="lead">${text('bucketHelp')}</p>`}
${bucketForm(visit, { found, typed: typed.get(visit), note })}
${found && card(text('restore'), html`<p>${text('restoreHelp')}</p>`)}
${card(text('download'), html`<a class="button quiet" href="/account/data/export">${text('downloadLink')}</a>`, { help: text('downloadHelp') })}`
  },

  live: {
    everyMs: 2_000,
    async isFor(visit) {
      if (own(visit).storedBytes(visit.did) !== undefined) return true
      return (await own(visit).find(visit.did))?.isRunning === true
    },
    async fragments(visit) {
      const found = await own(visit).find(visit.did)
      return found === undefined ? [] : [{ cell: 'archives', html: stateView(visit, found) }]
    },
  },

  forms: {
    save: async (visit, form) => {
      const { text } = archiveTexts(visit.session)
      typed.set(visit, form)
      const input = inputOf(form)
      return explained(visit, async () => {
        await note(visit, 'putBucket', `${input.endpoint ?? 's3'} ${input.bucket}/${input.prefix}`)
        await own(visit).save(visit.did, input)
        typed.delete(visit)
        return { text: text('savedNote') }
      })
    },
    create: async (visit) => {
      const { text } = archiveTexts(visit.session)
      const { did, context } = visit
      return explained(visit, async () => {
        if (own(visit).storedBytes(did) !== undefined) return { text: text('busy') }
        await note(visit, 'createArchive')
        // It goes on when the owner has left the page, which shows the outcome.
        void own(visit)
          .archive(did)
          .catch((err) => {
            if (!(err instanceof XrpcError)) context.log.error({ err }, "an owner's archive failed")
          })
        return { text: text('begun') }
      })
    },
    stop: async (visit) => {
      await note(visit, 'deleteBucket')
      await own(visit).remove(visit.did)
      return { text: archiveTexts(visit.session).text('stopped') }
    },
  },
}

function own({ context }: Visit) {
  return context.server.archives.own
}

async function note(visit: Visit, action: ArchiveAction, detail?: string): Promise<void> {
  const { account, did, client } = visit
  const by = {
    ...{ did, client: PAGE },
    ...(client.ip !== undefined && { ip: client.ip }),
    ...(client.userAgent !== undefined && { userAgent: client.userAgent }),
  }
  await account.archive.noteChange({ by, action, ...(detail !== undefined && { detail }) })
}

function inputOf(form: Form): BucketInput {
  const { endpoint = '', region = '', bucket = '', prefix = '', keyId = '', secret = '' } = form
  return {
    ...(endpoint.trim() !== '' && { endpoint: endpoint.trim() }),
    ...(region.trim() !== '' && { region: region.trim() }),
    ...{ bucket: bucket.trim(), prefix: prefix.trim(), accessKeyId: keyId.trim() },
    ...(secret.trim() !== '' && { secretAccessKey: secret.trim() }),
  }
}

async function explained(visit: Visit, work: () => Promise<Outcome>): Promise<Outcome> {
  const { text } = archiveTexts(visit.session)
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof XrpcError)) throw error
    const reason = error.message.replace(/^The bucket cannot be used: /, '')
    if (error.error === 'SecretRequired') {
      return { text: text('secretMissing'), bad: true, field: 'secret' }
    }
    if (error.error === 'InvalidBucket') return { text: text('invalid', { reason }), bad: true }
    if (error.error === 'BucketFailed') return { text: text('bucketFailed', { reason }), bad: true }
    if (error.error === 'ArchiveInProgress') return { text: text('busy') }
    throw error
  }
}
