/** The page on archives in a bucket of the owner's, for an account and for a group: where, how the last one went, and what else there is. */
import { html } from 'hono/html'
import type { ArchiveAction } from '#src/account/archive/own-archives.ts'
import { XrpcError } from '#src/errors.ts'
import type { BucketInput } from '#src/gateway/archives/save-bucket.ts'
import type { ArchiveTextFunction } from '#src/gateway/pages/archives/texts.ts'
import { bucketForm, stateView } from '#src/gateway/pages/archives/views.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import type { Fragment } from '#src/gateway/pages/live/fragments.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { Html, Note } from '#src/gateway/pages/shell.ts'

/** One request. */
export interface ArchivesVisit {
  context: Pick<PageContext, 'server' | 'log'>
  session: PageSession
  text: ArchiveTextFunction
  /** Of the account that is archived. */
  did: string
  /** Of the page. */
  path: string
  /** Checks that the caller may, and notes it in the account. Throws 403. */
  note(action: ArchiveAction, detail?: string): Promise<void>
}

/** What was typed into the form that is shown again because of an error. */
const typed = new WeakMap<PageSession, Form>()

export async function showArchives(visit: ArchivesVisit, note: Note | undefined): Promise<Html> {
  const { text } = visit
  const found = await own(visit).find(visit.did)
  const state = found && html`<div data-cell="archives">${stateView(visit, found)}</div>`
  return html`${state ?? html`<p class="lead">${text('bucketHelp')}</p>`}
${bucketForm(visit, { found, typed: typed.get(visit.session), note })}
${found && card(text('restore'), html`<p>${text('restoreHelp')}</p>`)}`
}

/** Whether an archive is being made. */
export async function isArchiving(visit: ArchivesVisit): Promise<boolean> {
  if (own(visit).storedBytes(visit.did) !== undefined) return true
  return (await own(visit).find(visit.did))?.isRunning === true
}

export async function archiveFragments(visit: ArchivesVisit): Promise<Fragment[]> {
  const found = await own(visit).find(visit.did)
  return found === undefined ? [] : [{ cell: 'archives', html: stateView(visit, found) }]
}

/** The methods whose rate limits the forms count against. */
export const countedForms = {
  save: 'dev.headwater.archive.putBucket',
  create: 'dev.headwater.archive.createArchive',
} as const

/** By their path below the page's. Each throws 403 as `note` does. */
export const archiveForms = {
  save: (visit, form) => {
    const { text, session } = visit
    typed.set(session, form)
    const input = inputOf(form)
    return explained(visit, async () => {
      const detail = `${input.endpoint ?? 's3'} ${input.bucket}/${input.prefix}`
      await visit.note('putBucket', detail)
      await own(visit).save(visit.did, input)
      typed.delete(session)
      return { text: text('savedNote') }
    })
  },
  create: (visit) => {
    const { did, context, text } = visit
    return explained(visit, async () => {
      if (own(visit).storedBytes(did) !== undefined) return { text: text('busy') }
      await visit.note('createArchive')
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
    await visit.note('deleteBucket')
    await own(visit).remove(visit.did)
    return { text: visit.text('stopped') }
  },
} satisfies Record<string, (visit: ArchivesVisit, form: Form) => Promise<Note>>

function own({ context }: ArchivesVisit) {
  return context.server.archives.own
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

async function explained({ text }: ArchivesVisit, work: () => Promise<Note>): Promise<Note> {
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
