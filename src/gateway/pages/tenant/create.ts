/** Creating accounts: one by one, or many from a file as a job. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf } from '#src/gateway/pages/area/names.ts'
import { badge, card, progress, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { type TenantMessages, wordOf } from '#src/gateway/pages/tenant/texts.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import type { Job } from '#src/tenants/jobs.ts'

const SHOWN_JOBS = 20
const LOOK_AGAIN_MS = 2_000

export const createPage: AreaPage<TenantVisit> = {
  path: '/create',
  title: ({ text }) => text('create'),
  isFor: ({ may }) => may('accounts:write'),
  async show(visit) {
    const body = html`${oneForm(visit)}${fileForm(visit)}${card(visit.text('jobs'), html`<div data-cell="jobs">${await jobTable(visit)}</div>`)}`
    return { body, isLive: true }
  },
  actions: {
    one: async ({ call, base, context }, form) => {
      const { externalId = '', handle = '', email = '', kind = 'person', owner = '' } = form
      const { did } = await call(tenant.createAccount, {
        input: {
          externalId,
          ...(handle !== '' && { handle }),
          ...(email !== '' && { email }),
          ...(kind === 'group' && { kind }),
          ...(kind === 'group' && owner !== '' && { members: [await ownerOf(context, owner)] }),
        },
      })
      return { goTo: `${base}/accounts/${did}` }
    },
    file: async ({ call, base, text }, { file = '', kind = '' }) => {
      if (file.trim() === '') throw invalidRequest(text('emptyFile'))
      const bytes = (async function* () {
        yield Buffer.from(file)
      })()
      const input = { type: 'application/x-ndjson', length: undefined, bytes }
      const { id } = await call(tenant.createJob, {
        params: { ...(kind !== '' && { kind }) },
        input: input as never,
      })
      return { goTo: `${base}/create/jobs/${id}` }
    },
  },
  live: {
    everyMs: LOOK_AGAIN_MS,
    fragments: async (visit) => [{ cell: 'jobs', html: await jobTable(visit) }],
  },
}

async function ownerOf({ server }: TenantVisit['context'], typed: string) {
  return { did: await didOf(server, typed), role: 'owner' }
}

function oneForm({ session, base, text }: TenantVisit): Html {
  const accountKinds = ['person', 'group'].map((value) => ({
    ...{ value, label: wordOf(text, 'kind', value) },
  }))
  return card(
    text('oneAccount'),
    html`<form method="post" action="${base}/create/one">${hiddenFields(session)}
${field({ name: 'externalId', label: text('externalId'), required: true, maxLength: 256 })}
${field({ name: 'handle', label: text('handle'), help: text('handleHelp'), maxLength: 253 })}
${field({ name: 'email', label: text('email'), type: 'email', maxLength: 320 })}
${field({ name: 'kind', label: text('kind'), options: accountKinds })}
${field({ name: 'owner', label: text('groupOwner'), help: text('groupOwnerHelp'), maxLength: 300 })}
<button>${text('create')}</button></form>`,
    { help: text('oneAccountHelp') },
  )
}

function fileForm({ session, base, text }: TenantVisit): Html {
  const kinds = ['createAccounts', 'adoptAccounts'].map((value) => ({
    ...{ value, label: wordOf(text, 'job', value) },
  }))
  return card(
    text('fromFile'),
    html`<form method="post" action="${base}/create/file" enctype="multipart/form-data">${hiddenFields(session)}
<label for="file">${text('file')}</label><input id="file" name="file" type="file" accept=".ndjson,.jsonl,.json,.txt" required>
${field({ name: 'kind', label: text('action'), options: kinds })}
<button>${text('upload')}</button></form>`,
    { help: text('fromFileHelp') },
  )
}

async function jobTable({
  context,
  tenant: { id },
  base,
  session,
  text,
}: TenantVisit): Promise<Html> {
  const jobs = await context.server.dispatch.tenant(id).jobs.list({ limit: SHOWN_JOBS })
  return table({
    label: text('jobs'),
    head: [text('job'), text('state'), text('lines'), text('started')],
    rows: jobs.map((job) => [
      html`<a href="${base}/create/jobs/${job.id}">${wordOf(text, 'job', job.kind)}</a>`,
      stateBadge(text, job),
      html`${text('of', { n: done(job), total: job.rows })}${progress(done(job), job.rows, text('lines'))}${job.failed === 0 ? '' : html` ${badge(text('nFailed', { n: job.failed }), 'bad')}`}`,
      timeOf(session, job.createdAt),
    ]),
    empty: text('noJobs'),
  })
}

export function done({ created, existing, failed }: Job): number {
  return created + existing + failed
}

export function stateBadge(text: TenantMessages['text'], { state }: Job): Html {
  const word = wordOf(text, 'state', state)
  return badge(word, state === 'done' ? 'good' : state === 'cancelled' ? 'warn' : 'quiet')
}
