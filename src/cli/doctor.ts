/** `headwater doctor`: checks what a server needs around it, and says what to do about each problem. */
import type { Command } from '#src/cli/command.ts'
import { network } from '#src/cli/network.ts'
import { formatCheck } from '#src/cli/print.ts'
import { type Check, type PublicServer, publicChecks } from '#src/cli/public-checks.ts'

interface ServerChecks extends PublicServer {
  development: boolean
  checks: Check[]
}

const doctor: Command = {
  name: 'doctor',
  summary: 'Check DNS, TLS, mail, keys, disk and relays',
  details:
    'The server checks itself; DNS and TLS are checked from here. Exits with 1 if there is a problem.',
  async run({ server, options, report, print }) {
    report('the server checks itself')
    const { checks: own, development, ...known } = await server.get<ServerChecks>('_admin/checks')
    report('DNS and TLS')
    const checks = [...own, ...(await fromOutside(development, known))]
    const problems = checks.filter(({ ok }) => !ok).length
    if (options['json'] === true) print(JSON.stringify(checks))
    else for (const check of checks) print(formatCheck(check))
    if (problems > 0) throw new Error(`${problems} of ${checks.length} checks found a problem`)

    async function fromOutside(isDevelopment: boolean, known: PublicServer): Promise<Check[]> {
      if (isDevelopment) {
        const detail = 'not checked: a development server is not public'
        return [{ check: 'DNS and TLS', ok: true, detail }]
      }
      const { accounts } = await server.get<{ accounts: { did: string; handle: string }[] }>(
        'com.atproto.admin.searchAccounts',
        { limit: 100 },
      )
      return publicChecks(network, known, accounts)
    }
  },
}

export const doctorCommands: readonly Command[] = [doctor]
