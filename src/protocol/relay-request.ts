/** The text of the request to a relay's operator to raise the account limit of this server. */

export interface RelayReport {
  hostname: string
  accounts: Record<string, number> | null
  policy: {
    inviteRequired: boolean
    rateLimits: boolean
    signUps: { perBlock: number; perServer: number }
    contactEmail: string | null
  }
  relays: RelayRow[]
}

export interface RelayRow {
  relay: string
  status: string
  accountsHere: number | null
  accountsThere: number | null
  asked: number
  active: number
  throttled: number
  absent: number
  lagSeconds: number | null
  limit: number | null
  lastAsked: string | null
  error?: string
  warning?: string
}

/** The operator fills in what is in angle brackets. */
export function requestText(report: RelayReport, row: RelayRow): string {
  const { hostname, policy } = report
  const active = report.accounts?.['active'] ?? row.accountsHere
  const there = row.accountsThere === null ? '' : `, accountCount ${row.accountsThere}`
  const lag = row.lagSeconds === null ? '' : `, ${row.lagSeconds} s behind`
  return [
    `Account limit of ${hostname}`,
    '',
    `Please raise the account limit of ${hostname} at ${row.relay} to ${wanted(active)}.`,
    '',
    'The server',
    `- https://${hostname}, with ${active ?? '<number>'} active accounts${others(report.accounts)}`,
    '- <what it is for, who uses it, and how many accounts are new in a month>',
    `- Contact: ${policy.contactEmail ?? '<mail address>'}`,
    '',
    `At the relay${row.lastAsked === null ? '' : `, ${row.lastAsked.slice(0, 16)}Z`}`,
    `- getHostStatus: ${row.status}${there}${lag}`,
    `- getRepoStatus of ${row.asked} accounts: ${row.active} active, ${row.throttled} throttled, ${row.absent} not found`,
    '',
    'Measures against spam',
    `- ${signUp(policy)}`,
    ...(policy.rateLimits ? ['- Rate limits by address, those of the reference PDS'] : []),
    '- Accounts of a flood can be found by time and network, and are then deleted at a pace that relays follow',
    '- <moderation: who takes reports, and how fast>',
  ].join('\n')
}

/** Twice the accounts, rounded up to hundreds, and at least a thousand. */
function wanted(active: number | null): string {
  return String(Math.max(1_000, Math.ceil((2 * (active ?? 0)) / 100) * 100))
}

function others(accounts: Record<string, number> | null): string {
  const rest = Object.entries(accounts ?? {}).filter(([status, n]) => status !== 'active' && n > 0)
  return rest.length === 0 ? '' : ` (and ${rest.map(([status, n]) => `${n} ${status}`).join(', ')})`
}

function signUp({ inviteRequired, signUps }: RelayReport['policy']): string {
  if (inviteRequired) return 'Sign-up needs an invite code'
  const { perBlock, perServer } = signUps
  const bounds = [
    ...(perBlock > 0 ? [`${perBlock} from an address block (IPv4 /24, IPv6 /48)`] : []),
    ...(perServer > 0 ? [`${perServer} in all`] : []),
  ]
  const open = 'Sign-up is open'
  return bounds.length === 0 ? open : `${open}, with at most ${bounds.join(' and ')} in an hour`
}
