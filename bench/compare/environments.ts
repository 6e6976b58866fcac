/** Runs scenarios on both servers, in one of the environments in which they are compared. */
import type { Server } from '../servers.ts'
import { startServers, stopServers } from '../servers.ts'
import { RecordingClient } from './recording-client.ts'
import type { Environment, Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'
import { type Services, startServices } from './services.ts'

const variables: Record<Environment, (services: Services) => Record<string, string>> = {
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

/**
 * Runs the scenarios of one environment on both servers at once; returns the recordings, the reference's first.
 */
export async function runScenarios(
  environment: Environment,
  wanted: RegExp,
): Promise<RecordingClient[]> {
  const chosen = scenarios.filter((one) => one.environment === environment && wanted.test(one.name))
  if (chosen.length === 0) return []
  const services = new Map<string, Services>()
  for (const name of ['reference', 'headwater']) services.set(name, await startServices())
  try {
    const servers = await startServers((name) => {
      const own = services.get(name)!
      return { ...own.env, ...variables[environment](own), ...nameServerVariables(name, own) }
    })
    return await Promise.all(servers.map((server) => runOn(server, chosen, services)))
  } finally {
    await stopServers()
    for (const own of services.values()) await own[Symbol.asyncDispose]()
  }
}

/**
 * The reference has no variable for a name server on another port than 53; its start script has.
 */
function nameServerVariables(name: string, { nameServer }: Services): Record<string, string> {
  if (name === 'reference') return { BENCH_NAME_SERVER: nameServer.address }
  return { PDS_HANDLE_BACKUP_NAMESERVERS: nameServer.address }
}

async function runOn(
  server: Server,
  chosen: readonly Scenario[],
  services: ReadonlyMap<string, Services>,
): Promise<RecordingClient> {
  const client = new RecordingClient(server, services.get(server.name)!)
  await client.services.moderation.publish(server.plcUrl)
  for (const { name, run } of chosen) {
    client.beginScenario(name)
    await run(client).catch((error) => client.record('broke off', String(error)))
  }
  await client.close()
  return client
}
