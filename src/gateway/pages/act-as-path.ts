/** Where a member chooses to act as a group: below it is the handle or the DID of the group. */
export const actAsPath = '/account/act-as'

export function isActAsPage(path: string): boolean {
  return path.startsWith(`${actAsPath}/`)
}
