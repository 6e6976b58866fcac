/** The checks of `headwater doctor` and `headwater setup` that are made from outside of the server: DNS and TLS. */
import { randomBytes } from 'node:crypto'

/** `advice` says what the operator can do about a problem. */
export interface Check {
  check: string
  ok: boolean
  detail: string
  advice?: string
}

export interface PublicServer {
  hostname: string
  publicUrl: string
  /** Each with its leading dot. */
  handleDomains: readonly string[]
}

export interface Network {
  /** All addresses of a host; rejects if it has none. */
  addressesOf(host: string): Promise<string[]>
  fetch(url: string): Promise<{ status: number; text(): Promise<string> }>
}

interface Handle {
  handle: string
  did: string
}

/** `handles` are of accounts of the server: certificates may exist for those only. */
export async function publicChecks(
  network: Network,
  server: PublicServer,
  handles: readonly Handle[],
): Promise<Check[]> {
  const { handleDomains } = server
  const [dns, tls, ofHandles] = await Promise.all([
    dnsChecks(network, server),
    checkTls(network, server),
    Promise.all(
      handleDomains.map((domain) => {
        const account = handles.find(({ handle }) => handle.endsWith(domain))
        return checkHandle(network, domain, account)
      }),
    ),
  ])
  const [host, ...wildcards] = dns
  return [host!, tls, ...wildcards.flatMap((wildcard, i) => [wildcard, ofHandles[i]!])]
}

/** The host first, then each handle domain. The server need not run. */
export async function dnsChecks(
  network: Pick<Network, 'addressesOf'>,
  { hostname, handleDomains }: Pick<PublicServer, 'hostname' | 'handleDomains'>,
): Promise<Check[]> {
  const own = await network.addressesOf(hostname).catch(() => [])
  const wildcards = handleDomains.map((domain) => checkWildcard(network, hostname, domain, own))
  return [checkHost(hostname, own), ...(await Promise.all(wildcards))]
}

function checkHost(hostname: string, addresses: readonly string[]): Check {
  const check = `DNS ${hostname}`
  if (addresses.length > 0) return { check, ok: true, detail: addresses.join(', ') }
  const advice = 'add an A or AAAA record with the address of this server'
  return { check, ok: false, detail: 'the name has no address', advice }
}

async function checkTls(network: Network, { hostname, publicUrl }: PublicServer): Promise<Check> {
  const check = `TLS ${hostname}`
  try {
    const response = await network.fetch(`${publicUrl}/xrpc/_health`)
    const isOurs = response.status === 200 && (await response.text()).includes('"version"')
    if (isOurs) return { check, ok: true, detail: `${publicUrl} answers` }
    const detail = `${publicUrl}/xrpc/_health answers ${response.status}`
    return { check, ok: false, detail, advice: 'let the proxy pass all paths to this server' }
  } catch (error) {
    const advice = 'see that the proxy has a certificate for it, and that port 443 is open'
    return { check, ok: false, detail: reasonOf(error), advice }
  }
}

// A label that no account has: if it resolves, the record is a wildcard.
async function checkWildcard(
  network: Pick<Network, 'addressesOf'>,
  hostname: string,
  domain: string,
  own: readonly string[],
): Promise<Check> {
  const check = `DNS *${domain}`
  const label = `check-${randomBytes(4).toString('hex')}`
  const addresses = await network.addressesOf(`${label}${domain}`).catch(() => [])
  const advice = `add a record *${domain} with the addresses of ${hostname}`
  if (addresses.length === 0) {
    return { check, ok: false, detail: 'there is no wildcard record', advice }
  }
  const detail = addresses.join(', ')
  if (addresses.some((address) => own.includes(address))) return { check, ok: true, detail }
  return { check, ok: false, detail: `${detail}, which are not those of ${hostname}`, advice }
}

async function checkHandle(
  network: Network,
  domain: string,
  account: Handle | undefined,
): Promise<Check> {
  const check = `TLS *${domain}`
  if (account === undefined) {
    return { check, ok: true, detail: 'not checked: no account has a handle under it' }
  }
  const url = `https://${account.handle}/.well-known/atproto-did`
  try {
    const response = await network.fetch(url)
    const text = (await response.text()).trim()
    if (text === account.did) return { check, ok: true, detail: `${account.handle} resolves` }
    const detail = `${url} answers ${response.status}, and not with ${account.did}`
    const advice = `let the proxy pass requests for *${domain} to this server, with their Host header`
    return { check, ok: false, detail, advice }
  } catch (error) {
    const advice = `see that the proxy has certificates for *${domain} (on demand, asking /tls-check)`
    return { check, ok: false, detail: `${account.handle}: ${reasonOf(error)}`, advice }
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string } }
  return cause?.message || message
}
