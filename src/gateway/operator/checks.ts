/** What the server can check of itself for `headwater doctor`: mail, keys, disk and relays. */
import type { Health } from '#src/gateway/operator/health.ts'
import type { AlertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
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
export async function serverChecks(ports: CheckPorts, words: AlertWords): Promise<Check[]> {
  const { text } = words
  const checks = await Promise.all(
    [
      [text('check.storage'), checkStorage] as const,
      [text('check.disk'), checkDisk] as const,
      [text('check.mail'), checkMail] as const,
      [text('check.plc'), checkPlc] as const,
      [text('check.keys'), checkKeys] as const,
      [text('check.relays'), checkRelays] as const,
    ].map(([check, run]) => guarded(check, words, () => run(ports, words))),
  )
  return checks.flat()
}

async function guarded(
  check: string,
  { text }: AlertWords,
  run: () => Promise<Check | Check[]>,
): Promise<Check[]> {
  try {
    return [await run()].flat()
  } catch (error) {
    return [{ check, ok: false, detail: (error as Error).message, advice: text('seeLog') }]
  }
}

async function checkStorage({ health }: CheckPorts, { text }: AlertWords): Promise<Check> {
  const check = text('check.storage')
  const parts = Object.entries(await health.storage())
  const failing = parts.filter(([, isUp]) => !isUp).map(([name]) => name)
  if (failing.length === 0) return { check, ok: true, detail: text('allUsable') }
  const detail = text('notUsable', { parts: failing.join(', ') })
  const isEngine = failing.includes('accountDb') || failing.includes('sequencerDb')
  return { check, ok: false, detail, advice: text(isEngine ? 'isEngineUp' : 'seeLog') }
}

async function checkDisk({ health }: CheckPorts, { text, number }: AlertWords): Promise<Check> {
  const check = text('check.disk')
  const free = await health.freeBytes()
  if (free === undefined) return { check, ok: false, detail: text('spaceUnknown') }
  const detail = text('spaceFree', { size: `${number(free / 1024 ** 3, 1)} GB` })
  if (free >= MIN_FREE_BYTES) return { check, ok: true, detail }
  return { check, ok: false, detail, advice: text('makeRoom') }
}

async function checkMail({ server }: CheckPorts, { text }: AlertWords): Promise<Check> {
  const check = text('check.mail')
  const { mailer } = server
  if (mailer.folder !== undefined) {
    const detail = text('mailsWritten', { folder: mailer.folder })
    if (isDevelopment(server)) return { check, ok: true, detail }
    return { check, ok: false, detail, advice: text('setMail') }
  }
  try {
    await mailer.check()
    return { check, ok: true, detail: text('mailAccepted') }
  } catch (error) {
    const detail = text('mailRefused', { reason: (error as Error).message })
    return { check, ok: false, detail, advice: text('correctMail') }
  }
}

async function checkPlc({ server }: CheckPorts, { text }: AlertWords): Promise<Check> {
  const check = text('check.plc')
  try {
    await server.identity.plc.getDocumentData(UNKNOWN_DID)
    return { check, ok: true, detail: text('plcAnswers') }
  } catch (error) {
    return { check, ok: false, detail: (error as Error).message, advice: text('checkPlcCalls') }
  }
}

/** Compares what the server holds with what the oldest account's DID document and PLC data say. */
async function checkKeys({ server }: CheckPorts, { text }: AlertWords): Promise<Check> {
  const check = text('check.keys')
  const { accounts } = await server.dispatch.directory.accounts.list({ limit: 100 })
  const sample = accounts.find(
    ({ did, status }) => status === 'active' && did.startsWith('did:plc'),
  )
  if (sample === undefined) return { check, ok: true, detail: text('ownKeys') }
  const { did } = sample
  const data = await server.identity.plc.getDocumentData(did)
  if (!data?.rotationKeys.includes(server.identity.credentials.rotationKeyDid)) {
    const detail = text('rotationKeyMissing', { did })
    return { check, ok: false, detail, advice: text('setRotationKey') }
  }
  const document = await server.resolver.resolve(did)
  const { current } = await server.dispatch.account(did).keys.getSigningKeyDids()
  if (document === undefined || verificationKey(document, 'atproto') !== current) {
    const detail = text('signingKeyMissing', { did })
    return { check, ok: false, detail, advice: `headwater account rotate-key ${did}` }
  }
  return { check, ok: true, detail: text('keysAgree', { did }) }
}

async function checkRelays(
  { server, health }: CheckPorts,
  words: AlertWords,
): Promise<Check | Check[]> {
  const { text } = words
  const { relays } = server.relays
  if (relays.length === 0) {
    const check = text('check.relays')
    const detail = text('noRelayAsked')
    if (isDevelopment(server)) return { check, ok: true, detail }
    return { check, ok: false, detail, advice: text('setCrawlers') }
  }
  const [head, counts] = await Promise.all([health.head(), health.counts()])
  const rows = await server.relays.rows(counts && (counts.accounts['active'] ?? 0))
  return Promise.all(
    rows.map(async (row): Promise<Check> => {
      const check = await checkRelay(server, words, row.relay, head)
      const warning = words.relayWarning(row)
      if (!check.ok || warning === undefined) return check
      return { ...check, ok: false, detail: warning, advice: 'headwater relays request' }
    }),
  )
}

async function checkRelay(
  { relays }: ServerContext,
  { text, unit, relayStatus, relayError }: AlertWords,
  relay: string,
  head: number | undefined,
): Promise<Check> {
  const check = text('check.relay', { relay })
  const advice = `headwater request-crawl ${relay}`
  const answer = await relays.hostStatus(relay)
  if (isFailure(answer)) {
    const { error, isReachable } = answer
    return {
      check,
      ok: false,
      detail: relayError(error),
      advice: isReachable ? advice : text('checkRelayCalls'),
    }
  }
  const { seq, status } = answer
  if (status !== undefined && status !== 'active') {
    const detail = text('statusThere', { status: relayStatus(status) })
    return { check, ok: false, detail, advice }
  }
  // A seq is a time, in microseconds.
  const lag = head === undefined || seq === undefined ? 0 : Math.max(0, head - seq) / 1e6
  const detail =
    seq === undefined
      ? text('knowsServer')
      : text('behind', { time: unit(Math.round(lag), 'second') })
  return { check, ok: lag <= MAX_RELAY_LAG_S, detail, ...(lag > MAX_RELAY_LAG_S && { advice }) }
}

export function isDevelopment({ service }: Pick<ServerContext, 'service'>): boolean {
  return service.hostname === 'localhost'
}
