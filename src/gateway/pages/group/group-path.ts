/** Where the pages of groups are: below it is the handle or the DID of a group. */
export const groupsPath = '/groups'

export function groupPath(name: string): string {
  return `${groupsPath}/${encodeURIComponent(name)}`
}
