/** A job: its progress, the lines that failed, and its results as a file. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import {
  card,
  cell,
  facts,
  progress,
  stat,
  stats,
  table,
  timeOf,
} from '#src/gateway/pages/blocks.ts'
import { sentenceOf } from '#src/gateway/pages/errors/error-text.ts'
import { actionForm } from '#src/gateway/pages/form-blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { done, stateBadge } from '#src/gateway/pages/tenant/create.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { wordOf } from '#src/gateway/pages/tenant/texts.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import type { Job } from '#src/tenants/jobs.ts'

const LOOK_AGAIN_MS = 1_000
const SHOWN_FAILURES = 50

type C = Parameters<AreaPage<TenantVisit>['show']>[1]

const idOf = (c: C) => c.req.param('id') ?? ''

export const jobPage: AreaPage<TenantVisit> = {
  path: '/create/jobs/:id',
  title: ({ text }) => text('job'),
  isInNav: false,
  isFor: ({ may }) => may('accounts:write'),
  async show(visit, c) {
    const { session, base, text } = visit
    const job = await read(visit, c)
    const path = `${base}/create/jobs/${job.id}`
    const isRunning = job.state === 'running' || job.state === 'receiving'
    const body = html`${cell('progress', progressOf(visit, job))}
${card(text('failedLines'), html`<div data-cell="failures">${await failures(visit, job.id)}</div>`)}
${card(text('results'), actionForm(session, { action: `${path}/results`, label: text('download') }), { help: text('resultsHelp') })}
${isRunning ? card(text('cancel'), actionForm(session, { action: `${path}/cancel`, label: text('cancelJob'), kind: 'bad' }), { help: text('cancelHelp'), danger: true }) : ''}`
    return { body, isLive: isRunning }
  },
  actions: {
    cancel: async ({ call }, _, c) => {
      await call(tenant.cancelJob, { input: { id: idOf(c) } })
      return undefined
    },
    results: async ({ call }, _, c) => {
      const id = idOf(c)
      const results = (await call(tenant.getJobResults, { params: { id } })) as never
      const headers = {
        'content-type': 'application/x-ndjson',
        'content-disposition': `attachment; filename="${id}.ndjson"`,
        'cache-control': 'no-store',
      }
      return { response: new Response(ReadableStream.from(results), { headers }) }
    },
  },
  live: {
    everyMs: LOOK_AGAIN_MS,
    async fragments(visit, c) {
      const job = await read(visit, c)
      return [
        { cell: 'progress', html: progressOf(visit, job) },
        ...(job.failed === 0 ? [] : [{ cell: 'failures', html: await failures(visit, job.id) }]),
      ]
    },
  },
}

function read({ call }: TenantVisit, c: C): Promise<Job> {
  return call(tenant.getJob, { params: { id: idOf(c) } }) as Promise<Job>
}

function progressOf({ session, text }: TenantVisit, job: Job): Html {
  const { kind, rows, created, existing, failed, createdAt, endedAt } = job
  return html`${progress(done(job), rows, text('lines'))}
${stats([
  stat(text('lines'), text('of', { n: done(job), total: rows })),
  stat(text('created'), created),
  stat(text('existed'), existing),
  stat(text('failed'), failed),
])}
${facts([
  [text('action'), wordOf(text, 'job', kind)],
  [text('state'), stateBadge(text, job)],
  [text('started'), timeOf(session, createdAt)],
  ...(endedAt === undefined ? [] : [[text('ended'), timeOf(session, endedAt)] as const]),
])}`
}

interface Result {
  line?: number
  externalId?: string
  did?: string
  status?: string
  error?: string
  message?: string
}

/** The first failed lines, read part by part until there are enough. */
async function failures(
  { context, session, text, tenant: { id: owner } }: TenantVisit,
  id: string,
): Promise<Html> {
  const { jobs } = context.server.dispatch.tenant(owner)
  const found: Result[] = []
  for (let after = -1; found.length < SHOWN_FAILURES; ) {
    const part = await jobs.getResults({ id, after })
    if (part === null) break
    after = part.n
    const lines = part.results.split('\n').filter((line) => line.includes('"error"'))
    found.push(...lines.map((line) => JSON.parse(line) as Result))
  }
  return table({
    label: text('failedLines'),
    head: [text('line'), text('externalId'), text('error'), text('message')],
    rows: found
      .slice(0, SHOWN_FAILURES)
      .map(({ line, externalId, did, error = '', message = '' }) => [
        String(line ?? ''),
        externalId ?? did ?? '',
        error,
        sentenceOf(session, { error, message }) ?? message,
      ]),
    empty: text('none'),
  })
}
