/** What an account that one person has was changed with: apps, app passwords, its password, and these pages. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { Choice } from '#src/gateway/pages/history/history-visit.ts'
import { historyTexts } from '#src/gateway/pages/history/texts.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'
import {
  appPasswordOfClient,
  clientOfAppPassword,
  PAGE,
  SESSION,
} from '#src/rules/commit-clients.ts'
import { appPasswordIdOf } from '#src/rules/session-tokens.ts'

export interface Clients {
  /** In the reader's language; of an app its host, which is verified, unlike its name. */
  name(client: string): string
  /** What may change the account now. */
  choices: readonly Choice[]
}

/** Also the names of app passwords that are removed, while the security log has them. */
export async function clientsOf(
  account: ReturnType<Dispatch['account']>,
  context: Pick<RenderContext, 'messages'>,
): Promise<Clients> {
  const { text } = historyTexts(context)
  const [{ passwords }, { events }, grants] = await Promise.all([
    account.appPassword.list(),
    account.factors.events(),
    account.oauth.listGrants(),
  ])
  const removed = events.flatMap(({ kind, detail }) => {
    return kind.startsWith('app password') && detail !== null ? detail : []
  })
  const current = passwords.map((one) => one.name)
  const names = new Map([...removed, ...current].map((name) => [appPasswordIdOf(name), name]))
  function name(client: string): string {
    if (client === PAGE) return text('thisSite')
    if (client === SESSION) return text('yourPassword')
    const appPassword = appPasswordOfClient(client)
    if (appPassword === undefined) return URL.parse(client)?.host || client
    const known = names.get(appPassword)
    return known === undefined ? text('removedAppPassword') : text('appPassword', { name: known })
  }
  const apps = grants.map(({ data }) => (JSON.parse(data) as { clientId?: string }).clientId ?? '')
  const all = [PAGE, SESSION, ...current.map((one) => clientOfAppPassword(appPasswordIdOf(one)))]
  const values = [...new Set([...apps, ...all])].filter((value) => value !== '')
  return { name, choices: values.map((value) => ({ value, label: name(value) })) }
}
