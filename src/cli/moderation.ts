/** `headwater moderation …`: the moderation cases of the server. */
import {
  type Command,
  type Invocation,
  integerOption,
  requiredOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { readPages } from '#src/cli/read-pages.ts'

const admin = (name: string) => `dev.headwater.admin.${name}`
const PAGE = 100

interface CaseView {
  id: number
  did: string
  uri?: string
  blob?: string
  handle?: string
  tenant?: string
  state: string
  decision?: string
  reporters: number
  reasons: { reason: string; count: number }[]
  reportedAt: string
}

interface CaseEntry {
  at: string
  kind: string
  by?: string
  reasonType?: string
  decision?: string
  action?: string
  text?: string
}

const cases: Command = {
  name: 'moderation cases',
  summary: 'List the moderation cases that are not closed, those with the newest reports first',
  options: {
    state: {
      type: 'string',
      value: 'STATE',
      help: 'open, escalated, closed or unresolved (default: unresolved)',
    },
    tenant: { type: 'string', value: 'ID', help: 'Only cases about accounts of this tenant' },
    reason: { type: 'string', value: 'REASON', help: 'Only with reports of this kind: spam, …' },
    sort: { type: 'string', value: 'ORDER', help: 'newest or reports (default: newest)' },
    limit: { type: 'string', value: 'N', help: 'Maximum number of cases (default: 100)' },
  },
  async run(invocation) {
    const text = (name: string) => textOption(invocation, name)
    const [tenant, reason, sort] = [text('tenant'), text('reason'), text('sort')]
    const params = { state: text('state') ?? 'unresolved', tenant, reason, sort }
    const most = integerOption(invocation, 'limit', PAGE)
    const paging = { params, pageSize: PAGE, most }
    const { server, options } = invocation
    const found = await readPages<CaseView>(server, admin('listCases'), 'cases', paging)
    return options['json'] === true ? found : found.map(caseRow)
  },
}

const one: Command = {
  name: 'moderation case',
  summary: 'Show a moderation case with its newest reports, notes and actions',
  operands: '<number>',
  operandCount: [1, 1],
  async run(invocation) {
    const { server, options } = invocation
    const params = { id: String(idOf(invocation)), limit: String(PAGE) }
    const found = await server.get<{ case: CaseView; entries: CaseEntry[] }>(
      admin('getCase'),
      params,
    )
    if (options['json'] === true) return found
    return found.entries.map(({ at, kind, by, reasonType, decision, action, text }) => ({
      ...{ at, kind, what: reasonType?.split('#').at(-1) ?? decision ?? action ?? '' },
      ...{ by: by ?? '', text: text ?? '' },
    }))
  },
}

const note: Command = {
  name: 'moderation note',
  summary: 'Add a note to a moderation case',
  operands: '<number> <text>',
  operandCount: [2, 2],
  async run(invocation) {
    return update(invocation, { note: invocation.operands[1] })
  },
}

const close: Command = {
  name: 'moderation close',
  summary: 'Close a moderation case',
  operands: '<number>',
  operandCount: [1, 1],
  options: {
    decision: {
      type: 'string',
      value: 'DECISION',
      help: 'takedown, suspension, warning, no-violation, duplicate or other',
    },
    note: { type: 'string', value: 'TEXT', help: 'Why' },
  },
  async run(invocation) {
    const decision = requiredOption(invocation, 'decision')
    const text = textOption(invocation, 'note')
    return update(invocation, {
      ...{ state: 'closed', decision },
      ...(text !== undefined && { note: text }),
    })
  },
}

/** The longer names first. */
export const moderationCommands: readonly Command[] = [cases, note, close, one]

async function update(invocation: Invocation, change: object) {
  const { server, options } = invocation
  const input = { id: idOf(invocation), ...change }
  const changed = await server.post<{ case: CaseView }>(admin('updateCase'), input)
  return options['json'] === true ? changed.case : caseRow(changed.case)
}

function idOf({ operands }: Invocation): number {
  const [text = ''] = operands
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError('give the number of the case')
  return Number(text)
}

function caseRow(found: CaseView) {
  const { id, state, decision, handle, did, uri, blob, reporters, reasons, reportedAt } = found
  return {
    ...{ case: id, state: decision === undefined ? state : `${state}: ${decision}` },
    ...{ account: handle ?? did, subject: uri ?? blob ?? 'account', reporters },
    reasons: reasons.map(({ reason, count }) => `${reason} ${count}`).join(', '),
    reportedAt,
  }
}
