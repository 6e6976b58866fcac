/** An account whose owner has opened the link of its invitation. */
import type { MoveMessages } from '#src/gateway/pages/move/texts.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'
import { claimedTenant } from '#src/rules/invite-codes.ts'

export interface Invited {
  did: string
  code: string
  /** Whether it is here already, or on its way. */
  hasBegun: boolean
  /** What is proposed; an empty domain keeps the handle. */
  name: string
  domain: string | undefined
  email: string | undefined
  /** Under which it may have its handle, each with its leading dot; those of its tenant first. */
  domains: string[]
  lead(texts: MoveMessages): string
}

/** Undefined if there is no such invitation, or it was withdrawn. */
export async function findInvited(
  { dispatch, handleRules }: Pick<PageContext['server'], 'dispatch' | 'handleRules'>,
  link: { account?: string | undefined; invite?: string | undefined },
): Promise<Invited | undefined> {
  const { account: did = '', invite: code = '' } = link
  const found = await dispatch.directory.moveInvites.find({ did })
  if (found === null || !equalSecrets(code, found.code)) return undefined
  const { handle, keepsHandle, email, server, state } = found
  const { domains, allDomains, tenantDomain } = await handleRules()
  const tenant = claimedTenant(code)
  const own = allDomains.filter((domain) => tenantDomain(domain)?.tenant === tenant)
  const offered = tenant === undefined ? [...domains] : [...own, ...domains]
  return {
    ...{ did, code, hasBegun: state !== 'invited' },
    name: handle.split('.')[0] ?? '',
    domain: keepsHandle ? '' : offered[0],
    ...{ email: email ?? undefined, domains: offered },
    lead: (texts) => texts.text('inviteLead', { handle, server: new URL(server).host }),
  }
}
