/** Pages about the server itself: checks, mail, the firehose, jobs and backups. */
import { html } from 'hono/html'
import { serverChecks } from '#src/gateway/operator/checks.ts'
import { sendTestMail } from '#src/gateway/operator/test-mail.ts'
import { badge, card, facts, progress, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { alertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
import { required } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { lastBackupView, lastDrillView } from '#src/gateway/pages/operator/last-backup-view.ts'
import { serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import { tenantTexts, wordOf } from '#src/gateway/pages/tenant/texts.ts'
import { unitText } from '#src/gateway/pages/unit-text.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const MAX_JOBS = 50

export function serverPages(ports: ConsolePorts, routes: ConsoleRoutes): void {
  const { get } = routes
  get('/checks', async (call, note) => {
    const { text } = serverTexts(call.session)
    const checks = await serverChecks(ports, alertWords(call.session))
    const failed = checks.filter(({ ok }) => !ok).length
    const rows = checks.map(({ check, ok, detail, advice }) => [
      check,
      badge(text(ok ? 'ok' : 'failed'), ok ? 'good' : 'bad'),
      twoLines(detail, advice),
    ])
    return call.render({
      ...{ title: call.text('checks'), note },
      body: html`${card(failed === 0 ? text('allPassed') : text('nFailed', { n: failed }), table({ label: text('checks'), head: [text('check'), text('state'), text('result')], rows, empty: '' }), { help: text('checksHelp') })}`,
    })
  })
  mailPage(ports, routes)
  firehosePage(ports, routes)
  jobsPage(ports, routes)
  backupPage(ports, routes)
}

function mailPage({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const show: ShowPage = (call, note, status = 200) => {
    const { text } = serverTexts(call.session)
    const { folder } = server.mailer
    return call.render({
      ...{ title: call.text('mail'), note, status },
      body: card(
        text('testMail'),
        html`<form method="post" action="${consolePath}/mail">${hiddenFields(call.session)}
${field({ name: 'to', label: text('to'), type: 'email', required: true, maxLength: 300 })}
<button>${text('send')}</button></form>`,
        {
          help: folder === undefined ? text('mailHelp') : text('mailFolder', { folder }),
        },
      ),
    })
  }
  get('/mail', show)
  post(
    '/mail',
    async (call, form) => {
      const to = required(call, form['to'], serverTexts(call.session).text('to'))
      await call.audit('send a test mail', { target: to })
      await sendTestMail(server, to)
      return call.redirect('/mail', 'sent')
    },
    show,
  )
}

function firehosePage({ health, firehose, server }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/firehose', async (call, note) => {
    const { text, language } = serverTexts(call.session)
    const [head, log] = await Promise.all([health.head(), health.logSize()])
    const lags = firehose.lags().toSorted((a, b) => b - a)
    const rows = lags.map((lag, i) => [
      text('subscriberN', { n: i + 1 }),
      badge(text(lag > 60 ? 'lagging' : 'upToDate'), lag > 60 ? 'warn' : 'good'),
      unitText(language, lag, 'second'),
    ])
    return call.render({
      ...{ title: call.text('firehose'), note },
      body: html`${card(
        text('eventLog'),
        facts([
          [
            text('newestEvent'),
            head === undefined ? text('notKnown') : timeOf(call.session, isoTime(head / 1_000)),
          ],
          [
            text('oldestEvent'),
            log?.oldestAt == null ? text('notKnown') : timeOf(call.session, isoTime(log.oldestAt)),
          ],
          [
            text('events'),
            log === undefined
              ? text('notKnown')
              : new Intl.NumberFormat(language).format(log.events),
          ],
          [text('size'), log === undefined ? text('notKnown') : byteText(language, log.bytes)],
          [
            text('address'),
            html`<span class="mono">wss://${server.service.hostname}/xrpc/com.atproto.sync.subscribeRepos</span>`,
          ],
        ]),
      )}
${card(text('subscribersHere'), table({ label: text('subscribers'), head: [text('subscriber'), text('state'), text('lag')], rows, empty: text('noSubscribers') }))}`,
    })
  })
}

function jobsPage({ server }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/jobs', async (call, note) => {
    const { text } = serverTexts(call.session)
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
          twoLines(
            html`<span class="mono">${job.id}</span>`,
            text('jobBy', {
              kind: wordOf(tenantTexts(call.session).text, 'job', job.kind),
              who: job.createdBy,
            }),
          ),
          html`<a href="${consolePath}/tenants/${tenant}">${tenant}</a>`,
          html`${text('jobProgress', { n: done, total: all, failed })}${progress(done, all, text('progressOf', { job: job.id }))}`,
          timeOf(call.session, job.createdAt),
        ],
      ]
    })
    return call.render({
      ...{ title: call.text('jobs'), wide: true, note },
      body: html`<section>${table({ label: text('jobs'), head: [text('job'), text('tenant'), text('progress'), text('started')], rows, empty: text('noJobs') })}</section>`,
    })
  })
}

function backupPage({ health, clock }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/backups', async (call, note) => {
    const { text } = serverTexts(call.session)
    const [last, drill] = await Promise.all([health.lastBackup(), health.lastDrill()])
    return call.render({
      ...{ title: call.text('backups'), note },
      body: html`${lastBackupView(call.session, last, clock.now())}${lastDrillView(call.session, drill)}
${card(
  text('backUp'),
  html`<p>${text('onTheMachine')}</p><pre class="secret">headwater backup /var/backups/headwater/$(date +%F)</pre>
<p>${text('withDocker')}</p><pre class="secret">docker compose run --rm --no-deps -v /srv/backups:/backups headwater headwater backup /backups/$(date +%F)</pre>
<p>${text('runDrill')}</p><pre class="secret">headwater backup drill /var/backups/headwater</pre>
<p>${text('backupLocation')}</p>`,
  {
    help: text('backUpHelp'),
  },
)}
${card(text('restore'), html`<pre class="secret">headwater restore ${text('restoreFolder')}</pre><p>${text('restoreHelp')}</p>`)}`,
    })
  })
}
