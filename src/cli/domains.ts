/** `headwater domain …`: the domains under which accounts can have handles. */
import { type Command, type Invocation, UsageError } from '#src/cli/command.ts'
import type { ServerClient } from '#src/cli/server-client.ts'

const PATH = '/admin/handle-rules'
const oneDomain = { operands: '<domain>', operandCount: [1, 1] } as const

interface HandleRules {
  domains: string[]
}

const list: Command = {
  name: 'domain list',
  summary: 'List the domains for handles',
  async run({ server }) {
    const [{ domains: added }, all] = await Promise.all([
      readRules(server),
      availableDomains(server),
    ])
    return [...new Set([...all, ...added])].map((domain) => ({
      domain,
      from: added.includes(domain) ? 'domain add' : 'PDS_SERVICE_HANDLE_DOMAINS',
    }))
  },
}

const add: Command = {
  ...oneDomain,
  name: 'domain add',
  summary: 'Let accounts have handles under a domain',
  details:
    'Takes effect at once, on the sign-up page too. The domain needs a wildcard DNS record and certificates.',
  async run(invocation) {
    const { server } = invocation
    const domain = domainOperand(invocation)
    const rules = await readRules(server)
    const isKnown = rules.domains.includes(domain)
    if (!isKnown) await server.put(PATH, { ...rules, domains: [...rules.domains, domain] })
    const host = new URL(server.url).hostname
    return { domain, added: !isKnown, dns: `*${domain} must have the addresses of ${host}` }
  },
}

const remove: Command = {
  ...oneDomain,
  name: 'domain remove',
  summary: 'Let accounts have no more handles under a domain',
  details:
    'Only for a domain that was added with domain add, and that no account has a handle under.',
  async run(invocation) {
    const { server } = invocation
    const domain = domainOperand(invocation)
    const rules = await readRules(server)
    if (!rules.domains.includes(domain)) {
      const isConfigured = (await availableDomains(server)).includes(domain)
      const reason = isConfigured ? 'it is in PDS_SERVICE_HANDLE_DOMAINS' : 'it was not added'
      throw new Error(`${domain} cannot be removed: ${reason}`)
    }
    const domains = rules.domains.filter((name) => name !== domain)
    await server.put(PATH, { ...rules, domains })
    return { domain, removed: true }
  },
}

export const domainCommands: readonly Command[] = [list, add, remove]

function readRules(server: ServerClient): Promise<HandleRules> {
  return server.get<HandleRules>(PATH)
}

async function availableDomains(server: ServerClient): Promise<string[]> {
  const { availableUserDomains } = await server.get<{ availableUserDomains: string[] }>(
    'com.atproto.server.describeServer',
  )
  return availableUserDomains
}

function domainOperand({ operands }: Invocation): string {
  const domain = operands[0]!.toLowerCase().replace(/^\*?\.?/, '.')
  // A name without a dot is a top-level domain, of which only .test is anybody's.
  if (!/^(\.[a-z0-9-]+){2,}$|^\.test$/.test(domain)) {
    throw new UsageError(`not a domain for handles: ${operands[0]} (for example: example.com)`)
  }
  return domain
}
