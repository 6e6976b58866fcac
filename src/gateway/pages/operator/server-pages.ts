/** Pages about the server itself: checks, mail, the firehose, jobs and backups. */
import { html } from 'hono/html'
import { seconds } from '#src/gateway/operator/alerts/rule.ts'
import { serverChecks } from '#src/gateway/operator/checks.ts'
import { sendTestMail } from '#src/gateway/operator/test-mail.ts'
import { badge, card, facts, progress, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { required } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { lastBackupView, lastDrillView } from '#src/gateway/pages/operator/last-backup-view.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import { sizeText } from '#src/ports/size-text.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const MAX_JOBS = 50

export function serverPages(ports: ConsolePorts, routes: ConsoleRoutes): void {
  const { get } = routes
  get('/checks', async (call, note) => {
    const checks = await serverChecks(ports)
    const failed = checks.filter(({ ok }) => !ok).length
    const rows = checks.map(({ check, ok, detail, advice }) => [
      check,
      badge(ok ? 'OK' : 'failed', ok ? 'good' : 'bad'),
      twoLines(detail, advice),
    ])
    return call.render({
      ...{ title: 'Checks', note },
      body: html`${card(failed === 0 ? 'All checks passed' : `${failed} failed`, table({ label: 'Checks', head: ['Check', 'State', 'Result'], rows, empty: '' }), { help: 'Run just now: storage, disk, mail, the PLC directory, keys and relays. DNS and certificates are checked from outside, by headwater doctor.' })}`,
    })
  })
  mailPage(ports, routes)
  firehosePage(ports, routes)
  jobsPage(ports, routes)
  backupPage(ports, routes)
}

function mailPage({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const show: ShowPage = (call, note, status = 200) =>
    call.render({
      ...{ title: 'Mail', note, status },
      body: card(
        'Test mail',
        html`<form method="post" action="${consolePath}/mail">${hiddenFields(call.session)}
${field({ name: 'to', label: 'To', type: 'email', required: true, maxLength: 300 })}
<button>Send</button></form>`,
        {
          help:
            server.mailer.folder === undefined
              ? 'The response of the mail server is shown here.'
              : `Emails are written to ${server.mailer.folder} instead of being sent. To send them, set PDS_EMAIL_SMTP_URL and PDS_EMAIL_FROM_ADDRESS.`,
        },
      ),
    })
  get('/mail', show)
  post(
    '/mail',
    async (call, form) => {
      const to = required(form['to'], 'The address')
      await call.audit('send a test mail', { target: to })
      await sendTestMail(server, to)
      return call.redirect('/mail', 'sent')
    },
    show,
  )
}

function firehosePage({ health, firehose, server }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/firehose', async (call, note) => {
    const [head, log] = await Promise.all([health.head(), health.logSize()])
    const lags = firehose.lags().toSorted((a, b) => b - a)
    const rows = lags.map((lag, i) => [
      `Subscriber ${i + 1}`,
      badge(lag > 60 ? 'lagging' : 'up to date', lag > 60 ? 'warn' : 'good'),
      seconds(lag),
    ])
    return call.render({
      ...{ title: 'Firehose', note },
      body: html`${card(
        'Event log',
        facts([
          [
            'Newest event',
            head === undefined ? 'not known' : timeOf(call.session, isoTime(head / 1_000)),
          ],
          [
            'Oldest event',
            log?.oldestAt == null ? 'not known' : timeOf(call.session, isoTime(log.oldestAt)),
          ],
          ['Events', log === undefined ? 'not known' : String(log.events)],
          ['Size', log === undefined ? 'not known' : sizeText(log.bytes)],
          [
            'Address',
            html`<span class="mono">wss://${server.service.hostname}/xrpc/com.atproto.sync.subscribeRepos</span>`,
          ],
        ]),
      )}
${card('Subscribers of this gateway', table({ label: 'Subscribers', head: ['Subscriber', 'State', 'Lag'], rows, empty: 'No relay is connected to this gateway. Request a crawl on the Relays page.' }))}`,
    })
  })
}

function jobsPage({ server }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/jobs', async (call, note) => {
    const { dispatch } = server
    const running = await dispatch.directory.tenantJobs.list({ limit: MAX_JOBS })
    const jobs = await Promise.all(
      running.map(async ({ tenant, job: id }) => ({
        tenant,
        job: await dispatch
          .tenant(tenant)
          .jobs.get({ id })
          .catch(() => undefined),
      })),
    )
    const rows = jobs.flatMap(({ tenant, job }) => {
      if (job === undefined) return []
      const { created, existing, failed, rows: all } = job
      const done = created + existing + failed
      return [
        [
          twoLines(html`<span class="mono">${job.id}</span>`, `${job.kind}, by ${job.createdBy}`),
          html`<a href="${consolePath}/tenants/${tenant}">${tenant}</a>`,
          html`${done} of ${all}, ${failed} failed${progress(done, all, `Progress of ${job.id}`)}`,
          timeOf(call.session, job.createdAt),
        ],
      ]
    })
    return call.render({
      ...{ title: 'Jobs', wide: true, note },
      body: html`<section>${table({ label: 'Jobs', head: ['Job', 'Tenant', 'Progress', 'Started'], rows, empty: 'No jobs are running. Tenants start jobs by uploading files of accounts; finished jobs are listed in the tenant’s console.' })}</section>`,
    })
  })
}

function backupPage({ health, clock }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/backups', async (call, note) => {
    const [last, drill] = await Promise.all([health.lastBackup(), health.lastDrill()])
    return call.render({
      ...{ title: 'Backups', note },
      body: html`${lastBackupView(call.session, last, clock.now())}${lastDrillView(call.session, drill)}
${card(
  'Back up',
  html`<p>On the server's machine, while it runs:</p><pre class="secret">headwater backup /var/backups/headwater/$(date +%F)</pre>
<p>With Docker, in deploy/one-box:</p><pre class="secret">docker compose run --rm --no-deps -v /srv/backups:/backups headwater headwater backup /backups/$(date +%F)</pre>
<p>The drill, beside the running server:</p><pre class="secret">headwater backup drill /var/backups/headwater</pre>
<p>If PDS_BACKUP_LOCATION names a folder or a bucket, no folder has to be named.</p>`,
  {
    help: 'Backups are made by a command. A drill proves that the newest one can be restored. A folder that contains backup.json is complete.',
  },
)}
${card('Restore', html`<pre class="secret">headwater restore FOLDER</pre><p>Keep the environment variables apart from the data: without PDS_KEY_ENCRYPTION_KEY_HEX a backup cannot be read.</p>`)}`,
    })
  })
}
