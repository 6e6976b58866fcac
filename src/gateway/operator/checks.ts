/** What the server can check of itself for `headwater doctor`: mail, keys, disk and relays. */
import type { Health } from '#src/gateway/operator/health.ts'
import { isFailure } from '#src/gateway/relays/relay-client.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { verificationKey } from '#src/protocol/did-document.ts'

/** `advice` says what the operator can do about a problem. */
export interface Check {
  check: string
  ok: boolean
  detail: string
  advice?: string
}

export interface CheckPorts {
  server: ServerContext
  health: Pick<Health, 'storage' | 'freeBytes' | 'head' | 'counts'>
}

/** Whether it is known does not matter. */
const UNKNOWN_DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const MIN_FREE_BYTES = 1024 ** 3
/** A relay that lags further behind than this has lost the connection. */
const MAX_RELAY_LAG_S = 3600

/** Rejects never: what cannot be checked is a problem. */
export async function serverChecks(ports: CheckPorts): Promise<Check[]> {
  const checks = await Promise.all([
    guarded('storage', () => checkStorage(ports)),
    guarded('disk', () => checkDisk(ports)),
    guarded('mail', () => checkMail(ports)),
    guarded('PLC directory', () => checkPlc(ports)),
    guarded('keys', () => checkKeys(ports)),
    guarded('relays', () => checkRelays(ports)),
  ])
  return checks.flat()
}

async function guarded(check: string, run: () => Promise<Check | Check[]>): Promise<Check[]> {
  try {
    return [await run()].flat()
  } catch (error) {
    const advice = 'see the log of the server'
    return [{ check, ok: false, detail: (error as Error).message, advice }]
  }
}

async function checkStorage({ health }: CheckPorts): Promise<Check> {
  const parts = Object.entries(await health.storage())
  const failing = parts.filter(([, isUp]) => !isUp).map(([name]) => name)
  if (failing.length === 0) return { check: 'storage', ok: true, detail: 'all parts are usable' }
  const detail = `not usable: ${failing.join(', ')}`
  const isEngine = failing.includes('accountDb') || failing.includes('sequencerDb')
  const engine = isEngine ? 'does the engine run (RIVET_ENDPOINT, if it is elsewhere)? ' : ''
  return { check: 'storage', ok: false, detail, advice: `${engine}see the log of the server` }
}

async function checkDisk({ health }: CheckPorts): Promise<Check> {
  const free = await health.freeBytes()
  if (free === undefined) return { check: 'disk', ok: false, detail: 'free space is not known' }
  const detail = `${(free / 1024 ** 3).toFixed(1)} GB free on the volume of the data folder`
  if (free >= MIN_FREE_BYTES) return { check: 'disk', ok: true, detail }
  return { check: 'disk', ok: false, detail, advice: 'make room, or move to a larger volume' }
}

async function checkMail({ server }: CheckPorts): Promise<Check> {
  const { mailer } = server
  if (mailer.folder !== undefined) {
    const detail = `mails are written to ${mailer.folder} and not sent`
    if (isDevelopment(server)) return { check: 'mail', ok: true, detail }
    const advice = 'set PDS_EMAIL_SMTP_URL and PDS_EMAIL_FROM_ADDRESS'
    return { check: 'mail', ok: false, detail, advice }
  }
  try {
    await mailer.check()
    const detail = 'the mail server accepts the login; headwater mail test sends a mail'
    return { check: 'mail', ok: true, detail }
  } catch (error) {
    const detail = `the mail server refuses: ${(error as Error).message}`
    return { check: 'mail', ok: false, detail, advice: 'correct PDS_EMAIL_SMTP_URL' }
  }
}

async function checkPlc({ server }: CheckPorts): Promise<Check> {
  const check = 'PLC directory'
  try {
    await server.identity.plc.getDocumentData(UNKNOWN_DID)
    return { check, ok: true, detail: 'it answers' }
  } catch (error) {
    const advice = 'check DNS and firewall for calls from this machine, and PDS_DID_PLC_URL'
    return { check, ok: false, detail: (error as Error).message, advice }
  }
}

/** Compares what the server holds with what the oldest account's DID document and PLC data say. */
async function checkKeys({ server }: CheckPorts): Promise<Check> {
  const { accounts } = await server.dispatch.directory.accounts.list({ limit: 100 })
  const sample = accounts.find(
    ({ did, status }) => status === 'active' && did.startsWith('did:plc'),
  )
  const own = 'they are those that the data was written with'
  if (sample === undefined) {
    return { check: 'keys', ok: true, detail: `${own}; there is no did:plc account to compare` }
  }
  const { did } = sample
  const data = await server.identity.plc.getDocumentData(did)
  if (!data?.rotationKeys.includes(server.identity.credentials.rotationKeyDid)) {
    const detail = `the PLC directory does not list the rotation key of this server for ${did}`
    const advice = 'set the former PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'
    return { check: 'keys', ok: false, detail, advice }
  }
  const document = await server.resolver.resolve(did)
  const { current } = await server.dispatch.account(did).keys.getSigningKeyDids()
  if (document === undefined || verificationKey(document, 'atproto') !== current) {
    const detail = `the DID document of ${did} does not have the signing key of the account`
    return { check: 'keys', ok: false, detail, advice: `headwater account rotate-key ${did}` }
  }
  return { check: 'keys', ok: true, detail: `${own}, and the PLC directory agrees for ${did}` }
}

async function checkRelays({ server, health }: CheckPorts): Promise<Check | Check[]> {
  const { relays } = server.relays
  if (relays.length === 0) {
    const detail = 'no relay is asked to crawl this server'
    if (isDevelopment(server)) return { check: 'relays', ok: true, detail }
    const advice = 'set PDS_CRAWLERS, for example to https://bsky.network'
    return { check: 'relays', ok: false, detail, advice }
  }
  const [head, counts] = await Promise.all([health.head(), health.counts()])
  const rows = await server.relays.rows(counts && (counts.accounts['active'] ?? 0))
  return Promise.all(
    rows.map(async ({ relay, warning }): Promise<Check> => {
      const check = await checkRelay(server, relay, head)
      if (!check.ok || warning === undefined) return check
      return { ...check, ok: false, detail: warning, advice: 'headwater relays request' }
    }),
  )
}

async function checkRelay(
  { relays }: ServerContext,
  relay: string,
  head: number | undefined,
): Promise<Check> {
  const check = `relay ${relay}`
  const advice = `headwater request-crawl ${relay}`
  const answer = await relays.hostStatus(relay)
  if (isFailure(answer)) {
    const { error, isReachable } = answer
    const unreachable = 'check DNS and firewall for calls from this machine, and PDS_CRAWLERS'
    return { check, ok: false, detail: error, advice: isReachable ? advice : unreachable }
  }
  const { seq, status } = answer
  if (status !== undefined && status !== 'active') {
    return { check, ok: false, detail: `this server is ${status} there`, advice }
  }
  // A seq is a time, in microseconds.
  const lag = head === undefined || seq === undefined ? 0 : Math.max(0, head - seq) / 1e6
  const detail = seq === undefined ? 'it knows this server' : `${Math.round(lag)} s behind`
  return { check, ok: lag <= MAX_RELAY_LAG_S, detail, ...(lag > MAX_RELAY_LAG_S && { advice }) }
}

export function isDevelopment({ service }: Pick<ServerContext, 'service'>): boolean {
  return service.hostname === 'localhost'
}
