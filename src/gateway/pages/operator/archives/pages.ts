/** The console's pages about archives: rounds, accounts and drills; and of one account its archives, and how to restore it. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import * as archives from '#src/gateway/methods/dev.headwater.admin.archives.ts'
import { emptyState } from '#src/gateway/pages/blocks.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import {
  actionForm,
  filterForm,
  isTyped,
  pager,
  wronglyTyped,
} from '#src/gateway/pages/form-blocks.ts'
import { ArchiveJobs } from '#src/gateway/pages/operator/archives/jobs.ts'
import { archivesTexts } from '#src/gateway/pages/operator/archives/texts.ts'
import {
  accountsTable,
  archivesTable,
  jobsCard,
  restoreCard,
  roundFacts,
} from '#src/gateway/pages/operator/archives/views.ts'
import type { ConsoleCall } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { isDid } from '#src/protocol/did.ts'

const PAGE = 50
const DRILLED = 5

export function archivePages(ports: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { server, clock, log } = ports
  const { directory } = server.dispatch
  const jobs = new ArchiveJobs({
    clock,
    onError: (err) => log.error({ err }, 'work on an archive failed'),
  })

  const list: ShowPage = async (call, note, status = 200) => {
    const { session, c } = call
    const { text } = archivesTexts(session)
    if (!server.archives.isConfigured) {
      const body = emptyState(html`<strong>${text('notSet')}</strong><br>${text('notSetHelp')}`)
      return call.render({ title: text('title'), note, status, body })
    }
    const { account = '', failing, cursor } = c.req.query()
    if (account !== '') return open(call, account)
    const onlyFailed = failing === 'yes'
    const [summary, page] = await Promise.all([
      directory.archives.summarize(),
      directory.archives.list({ limit: PAGE, onlyFailed, ...(cursor && { cursor }) }),
    ])
    const infos = await directory.accounts.getInfos({ dids: page.archives.map(({ did }) => did) })
    const handles = new Map(infos.map(({ did, handle }) => [did, handle]))
    const find = { name: 'account', label: text('find'), maxLength: 300 }
    const only = { name: 'failing', label: text('onlyFailing'), type: 'check' as const }
    const checked = onlyFailed ? { ...only, value: 'yes' } : only
    return call.render({
      ...{ title: text('title'), wide: true, note, status },
      actions: actionForm(session, {
        ...{ action: `${consolePath}/archives/drill`, label: text('drillNow'), kind: 'quiet' },
      }),
      body: html`${roundFacts(session, summary, server.archives.intervalMs)}
<p class="muted">${text('drillHelp')}</p>
${jobsCard(session, jobs.list(), c.req.path)}
<section><h2>${text('accounts')}</h2>${filterForm(session, [find, checked])}
${accountsTable(session, { states: page.archives, handles, onlyFailed })}
${pager(session, { after: nextPage(c.req.url, page.cursor) })}</section>`,
    })
  }

  async function open(call: ConsoleCall, name: string): Promise<Response> {
    const identifier = name.trim().replace(/^@/, '').toLowerCase()
    const found = await directory.accounts.find({ identifier })
    const did = found?.did ?? name.trim()
    if (!isDid(did)) throw new XrpcError(404, 'NotFound', call.text('noSuchAccount'))
    return call.redirect(`/archives/${encodeURIComponent(did)}`)
  }

  const didOf = ({ c }: ConsoleCall) => c.req.param('did') ?? ''

  const show: ShowPage = async (call, note, status = 200) => {
    const { session, c } = call
    const { text } = archivesTexts(session)
    const did = didOf(call)
    if (!isDid(did)) throw new XrpcError(404, 'NotFound', call.text('noSuchAccount'))
    const [found, account] = await Promise.all([
      server.archives.list(did),
      directory.accounts.find({ identifier: did }),
    ])
    const handle = account?.handle
    const path = `${consolePath}/archives/${encodeURIComponent(did)}`
    const create = { action: `${path}/create`, label: text('archiveNow') }
    const isWrong = note?.field !== undefined
    return call.render({
      ...{ title: handle ?? did, wide: true, status, note: isWrong ? undefined : note },
      ...(account !== null && { actions: actionForm(session, create) }),
      body: html`<p class="muted mono">${did}</p>
${account === null ? html`<p class="note warn">${text('gone')}</p>` : ''}
${jobsCard(session, jobs.list(did), c.req.path)}
${archivesTable(session, { found, path })}
${found.some((one) => 'manifest' in one) ? restoreCard(session, { found, path, typed: handle ?? did, isGone: account === null, note }) : ''}`,
    })
  }

  /** Begins the work, and shows the account's page with it. */
  function action(
    name: 'create' | 'verify' | 'drill' | 'restore',
    begin: (call: ConsoleCall, did: string, form: Form) => Promise<Response | undefined>,
  ): void {
    post(
      `/archives/:did/${name}`,
      async (call, form) => {
        const did = didOf(call)
        const shown = await begin(call, did, form)
        return shown ?? call.redirect(`/archives/${encodeURIComponent(did)}`)
      },
      show,
    )
  }

  get('/archives', list)
  get('/archives/:did', show)
  action('create', async (call, did) => {
    archives.createArchive.input({ did })
    await call.audit(archives.createArchive.nsid, { target: did })
    void jobs.start('create', did, async (report) => {
      return (await server.archives.create(did, report)).manifest
    })
    return undefined
  })
  action('verify', async (call, did, { archive }) => {
    archives.verifyArchive.input({ did, archive })
    await call.audit(archives.verifyArchive.nsid, { target: did, archive })
    void jobs.start('verify', did, async (report) => {
      return (await server.archives.verify({ did, archive }, report)).manifest
    })
    return undefined
  })
  action('drill', async (call, did, { archive }) => {
    archives.drillArchive.input({ did, archive })
    await call.audit(archives.drillArchive.nsid, { target: did, archive })
    void jobs.start('drill', did, (report) => server.archives.drill({ did, archive }, report))
    return undefined
  })
  action('restore', async (call, did, form) => {
    const account = await directory.accounts.find({ identifier: did })
    if (!isTyped(form, account?.handle ?? did)) {
      return show(call, wronglyTyped(call.session), 400)
    }
    const { archive, handle = '' } = form
    const input = {
      ...{ did, archive, publish: form['publish'] === 'yes' },
      ...(handle.trim() !== '' && { handle: handle.trim() }),
      withCredentials: form['withCredentials'] === 'yes',
    }
    const { publish: publishDid, ...rest } = input
    // As the method checks it.
    archives.restoreArchive.input({ ...rest, publishDid })
    const { did: target, ...detail } = input
    await call.audit(archives.restoreArchive.nsid, { target, ...detail })
    void jobs.start('restore', did, (report) => server.archives.restore(input, report))
    return undefined
  })
  post(
    '/archives/drill',
    async (call) => {
      await call.audit(archives.drillArchive.nsid)
      const { text } = archivesTexts(call.session)
      const dids = await directory.archives.sample({ limit: DRILLED })
      // One after another: each restores a whole account.
      let last = Promise.resolve()
      for (const did of dids) {
        const before = last
        last = jobs.start('drill', did, async (report) => {
          await before
          return server.archives.drill({ did }, report)
        })
      }
      return list(call, { text: text(dids.length === 0 ? 'noneToDrill' : 'drillsStarted') })
    },
    list,
  )
}
