/** The texts of the page on archives of a group that are not those of an account, in Korean. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const ko: GroupArchiveTexts = {
  bucketHelp:
    '변경 사항이 있으면 서버가 하루에 한 번 그룹의 서명된 사본을 버킷에 저장합니다. 게시물 등의 레코드, 파일, 환경설정이 들어 있으며 멤버, 역할, 키는 들어 있지 않습니다. 이전 사본은 최근 7일, 4주, 12개월의 마지막 사본이 보관됩니다.',
  yourBucket: '그룹의 버킷',
  stopped: '그룹을 더 이상 아카이브하지 않습니다.',
  restoreHelp:
    '폴더를 그대로 두세요. 각 아카이브에는 내용의 서명된 목록이 있습니다. 복원하려면 이 서버 또는 Headwater를 사용하는 다른 서버의 운영자에게 전달하세요. 멤버와 역할은 그대로 유지됩니다.',
}
