/** Creating accounts: one by one, or many from a file as a job. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf } from '#src/gateway/pages/area/names.ts'
import { badge, card, progress, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import type { Job } from '#src/tenants/jobs.ts'

const accountKinds = ['person', 'group'].map((value) => ({ value, label: value }))
const SHOWN_JOBS = 20
const LOOK_AGAIN_MS = 2_000

export const createPage: AreaPage<TenantVisit> = {
  path: '/create',
  title: () => 'Create',
  isFor: ({ may }) => may('accounts:write'),
  async show(visit) {
    const body = html`${oneForm(visit)}${fileForm(visit)}${card('Jobs', html`<div data-cell="jobs">${await jobTable(visit)}</div>`)}`
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
    file: async ({ call, base }, { file = '', kind = '' }) => {
      if (file.trim() === '') throw invalidRequest('The file is empty')
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

function oneForm({ session, base }: TenantVisit): Html {
  return card(
    'One account',
    html`<form method="post" action="${base}/create/one">${hiddenFields(session)}
${field({ name: 'externalId', label: 'External id', required: true, maxLength: 256 })}
${field({ name: 'handle', label: 'Handle', help: 'In full, with its domain. Leave empty to generate one.', maxLength: 253 })}
${field({ name: 'email', label: 'Email', type: 'email', maxLength: 320 })}
${field({ name: 'kind', label: 'Kind', options: accountKinds })}
${field({ name: 'owner', label: 'Owner of a group', help: 'A handle or DID. If empty, your DID is the owner.', maxLength: 300 })}
<button>Create</button></form>`,
    { help: 'Using the same external id again does not create a second account.' },
  )
}

function fileForm({ session, base }: TenantVisit): Html {
  const kinds = [
    { value: 'createAccounts', label: 'Create accounts' },
    { value: 'adoptAccounts', label: 'Adopt DIDs' },
  ]
  return card(
    'Accounts from a file',
    html`<form method="post" action="${base}/create/file" enctype="multipart/form-data">${hiddenFields(session)}
<label for="file">JSON Lines file</label><input id="file" name="file" type="file" accept=".ndjson,.jsonl,.json,.txt" required>
${field({ name: 'kind', label: 'Action', options: kinds })}
<button>Upload</button></form>`,
    {
      help: 'One account per line, with the fields of createAccount. At most 8 MB; upload larger files with createJob.',
    },
  )
}

async function jobTable({ context, tenant: { id }, base, session }: TenantVisit): Promise<Html> {
  const jobs = await context.server.dispatch.tenant(id).jobs.list({ limit: SHOWN_JOBS })
  return table({
    label: 'Jobs',
    head: ['Job', 'State', 'Lines', 'Started'],
    rows: jobs.map((job) => [
      html`<a href="${base}/create/jobs/${job.id}">${job.kind}</a>`,
      stateBadge(job),
      html`${done(job)} of ${job.rows}${progress(done(job), job.rows, 'Lines')}${job.failed === 0 ? '' : html` ${badge(`${job.failed} failed`, 'bad')}`}`,
      timeOf(session, job.createdAt),
    ]),
    empty: 'No jobs yet.',
  })
}

export function done({ created, existing, failed }: Job): number {
  return created + existing + failed
}

export function stateBadge({ state }: Job): Html {
  return badge(state, state === 'done' ? 'good' : state === 'cancelled' ? 'warn' : 'quiet')
}
