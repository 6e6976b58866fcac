/** The section on apps and sessions: what is signed in to the account, its permissions, and signing it out. */
import { html } from 'hono/html'
import { knownDevice } from '#src/gateway/oauth/device-cookies.ts'
import { shardOf } from '#src/gateway/oauth/shards.ts'
import { scopeWords } from '#src/gateway/pages/account/scope-words.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm } from '#src/gateway/pages/form-blocks.ts'
import { setPageToken } from '#src/gateway/pages/page-session.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { browserName } from '#src/ports/browser-name.ts'
import { isoTime } from '#src/rules/iso-time.ts'

/** Each is read from its shard. */
const MAX_BROWSERS = 100

export const appsSection: Section = {
  path: '/apps',
  title: 'apps',
  async show(visit) {
    const { session, texts } = visit
    const [apps, browsers, sessions] = await Promise.all([
      appsOf(visit),
      browsersOf(visit),
      sessionsOf(visit),
    ])
    const endAll = actionForm(session, {
      ...{ action: '/account/apps/end-all', label: texts.text('endAll'), kind: 'bad' },
    })
    return html`${apps}${browsers}${sessions}
${card(texts.text('endAll'), endAll, { help: texts.text('endAllHelp'), danger: true })}`
  },

  forms: {
    disconnect: async ({ account }, { id = '' }) => {
      await account.oauth.removeGrant({ id })
      return undefined
    },
    'end-browser': async ({ account, did, context }, { id = '' }) => {
      const known = await account.oauth.listDevices({})
      // The shard has browsers of all accounts, so only those of this one are accepted.
      if (!known.some(({ deviceId }) => deviceId === id)) return undefined
      await account.oauth.signOutOfDevice({ deviceId: id })
      const { devices } = shardOf(context.server.dispatch, id)
      await devices.setAccount({ id, did, signedIn: false })
      return undefined
    },
    'end-session': async ({ account }, { id = '' }) => {
      await account.session.end({ id })
      return undefined
    },
    'end-all': async ({ account, c, context }) => {
      await account.session.endAll({})
      setPageToken(c, context.server.service.publicUrl, undefined)
      return c.redirect('/account', 303)
    },
  },
}

async function appsOf({ account, session, texts }: Visit): Promise<Html> {
  const grants = await account.oauth.listGrants()
  const rows = grants.map(({ id, data, createdAt, updatedAt }) => {
    const { clientId, scope } = describe(data)
    const app = appName(clientId)
    const words = scopeWords(texts, scope).map((word) => html`<li>${word}</li>`)
    const exactly = html`<details class="more"><summary>${texts.text('technical')}</summary><code>${scope}</code></details>`
    const end = actionForm(session, {
      ...{ action: '/account/apps/disconnect', label: texts.text('disconnect') },
      ...{ fields: { id }, about: app },
    })
    return [
      html`${app}<small>${texts.text('connected')} · ${timeOf(session, isoTime(createdAt))}</small>`,
      html`<ul class="may">${words}</ul>${exactly}`,
      timeOf(session, isoTime(updatedAt)),
      end,
    ]
  })
  const head = [texts.text('app'), texts.text('may'), texts.text('lastUsed'), '']
  const label = texts.text('connectedApps')
  const list = table({ label, head, rows, empty: texts.text('noApps') })
  return card(label, list, { help: texts.text('appsHelp') })
}

async function browsersOf({ account, session, texts, context, c }: Visit): Promise<Html> {
  const { dispatch } = context.server
  const read = (id: string) => shardOf(dispatch, id).devices.read({ id })
  const links = (await account.oauth.listDevices({})).slice(0, MAX_BROWSERS)
  const incoming = c.env?.incoming
  const current = incoming && (await knownDevice(read, incoming))
  const rows = await Promise.all(
    links.map(async ({ deviceId, updatedAt }) => {
      const device = await read(deviceId)
      const name = browserName(device?.userAgent ?? '') || texts.text('browser')
      const state = deviceId === current ? badge(texts.text('thisOne'), 'good') : ''
      const end = actionForm(session, {
        ...{ action: '/account/apps/end-browser', label: texts.text('endSession') },
        ...{ fields: { id: deviceId }, about: name },
      })
      const seen = timeOf(session, isoTime(device?.lastSeenAt ?? updatedAt))
      return [html`${name} ${state}<small>${device?.ipAddress ?? ''}</small>`, seen, end]
    }),
  )
  const head = [texts.text('browser'), texts.text('lastUsed'), '']
  const label = texts.text('browsers')
  const list = table({ label, head, rows, empty: texts.text('noBrowsers') })
  return card(label, list, { help: texts.text('browsersHelp') })
}

async function sessionsOf({ account, session, texts }: Visit): Promise<Html> {
  const found = await account.session.list()
  const rows = found.map(({ id, lastUsedAt, appPassword }) => {
    const name =
      appPassword === undefined
        ? texts.text('withPassword')
        : texts.text('withAppPassword', { name: appPassword })
    const end = actionForm(session, {
      ...{ action: '/account/apps/end-session', label: texts.text('endSession') },
      ...{ fields: { id }, about: name },
    })
    return [name, timeOf(session, lastUsedAt), end]
  })
  const head = [texts.text('session'), texts.text('lastUsed'), '']
  const label = texts.text('sessions')
  const list = table({ label, head, rows, empty: texts.text('noSessions') })
  return card(label, list, { id: 'sessions', help: texts.text('sessionsHelp') })
}

/** Of a grant as it is stored. */
function describe(data: string): { clientId: string; scope: string } {
  const { clientId, scope, parameters } = JSON.parse(data) as {
    clientId?: string
    scope?: string | null
    parameters?: { scope?: string }
  }
  return { clientId: clientId ?? '', scope: scope ?? parameters?.scope ?? '' }
}

/** The host of the app, which is verified, unlike its name. */
function appName(clientId: string): string {
  return URL.parse(clientId)?.host || clientId
}
