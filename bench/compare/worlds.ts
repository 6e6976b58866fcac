/** The worlds in which both servers are compared: what they are configured with, and what is asked there. */
import type { Server } from '../servers.ts'
import { startServers, stopServers } from '../servers.ts'
import type { Scenario, World } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { type Services, startServices } from './services.ts'
import { Visitor } from './visitor.ts'

const variables: Record<World, (services: Services) => Record<string, string>> = {
  alone: () => ({}),
  served: ({ appView, moderation, relay }) => ({
    PDS_CRAWLERS: relay.url,
    PDS_BSKY_APP_VIEW_URL: appView.url,
    PDS_BSKY_APP_VIEW_DID: appView.did,
    PDS_MOD_SERVICE_URL: moderation.service.url,
    PDS_MOD_SERVICE_DID: moderation.did,
    PDS_CONTACT_EMAIL_ADDRESS: 'contact@example.com',
    PDS_PRIVACY_POLICY_URL: 'https://example.com/privacy',
    PDS_TERMS_OF_SERVICE_URL: 'https://example.com/terms',
    PDS_ENABLE_DID_DOC_WITH_SESSION: 'true',
  }),
  strict: () => ({
    PDS_INVITE_REQUIRED: 'true',
    PDS_INVITE_INTERVAL: '1000',
    PDS_INVITE_EPOCH: '0',
    PDS_RATE_LIMITS_ENABLED: 'true',
    PDS_RATE_LIMIT_BYPASS_KEY: 'bypass',
    PDS_REPO_BACKFILL_LIMIT_MS: '1000',
  }),
}

/** Runs the scenarios of one world on both servers at once; gives the visitors, the reference's first. */
export async function visit(world: World, wanted: RegExp): Promise<Visitor[]> {
  const chosen = scenarios.filter((one) => one.world === world && wanted.test(one.name))
  if (chosen.length === 0) return []
  const services = new Map<string, Services>()
  for (const name of ['reference', 'headwater']) services.set(name, await startServices())
  try {
    const servers = await startServers((name) => {
      const around = services.get(name)!
      return { ...around.env, ...variables[world](around), ...askedForNames(name, around) }
    })
    return await Promise.all(servers.map((server) => scripted(server, chosen, services)))
  } finally {
    await stopServers()
    for (const around of services.values()) await around[Symbol.asyncDispose]()
  }
}

/** The reference has no variable for a name server on a port of its own; its start script does. */
function askedForNames(name: string, { nameServer }: Services): Record<string, string> {
  if (name === 'reference') return { BENCH_NAME_SERVER: nameServer.address }
  return { PDS_HANDLE_BACKUP_NAMESERVERS: nameServer.address }
}

async function scripted(
  server: Server,
  chosen: readonly Scenario[],
  services: ReadonlyMap<string, Services>,
): Promise<Visitor> {
  const visitor = new Visitor(server, services.get(server.name)!)
  await visitor.services.moderation.publish(server.plcUrl)
  for (const { name, run } of chosen) {
    visitor.begin(name)
    await run(visitor).catch((error) => visitor.note('broke off', String(error)))
  }
  await visitor.end()
  return visitor
}
