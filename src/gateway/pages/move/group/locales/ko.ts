/** The texts of the pages on moving a group that are not those of an account, in Korean. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const ko: GroupMoveTexts = {
  moveAwayHelp:
    '그룹의 팔로워, 게시물, 사진은 그대로 유지됩니다. 먼저 복사되며 아무도 알아차리지 못합니다. 코드로 확인해야 비로소 이전됩니다.',
  accountAt: '{server}의 그룹',
  bringBackHelp:
    '그룹이 지금 {server}에 있습니다. 데이터를 여기로 다시 복사합니다. 구성원과 역할은 그대로 있습니다.',
  missingHelp:
    '이전 서버에 더 이상 없거나 새 서버가 받지 않습니다. 계속하면 그룹의 게시물에 이 파일들이 빠집니다.',
  confirmHelp:
    '모두 복사되었습니다. 그룹의 신원을 옮기려면 {server}이(가) 이메일로 보내는 코드를 입력하세요. 그러면 그룹이 새 서버에서 활성화되고 이전 서버에서 비활성화됩니다.',
  codeSent: '{server}에서 이메일로 코드를 보냈습니다.',
  cancelIn:
    '이전 서버에서는 아무것도 바뀌지 않았습니다. 여기에서 그룹은 비활성화된 상태로 남습니다.',
  doneIn: '그룹이 이제 이 서버에 있습니다',
  doneInHelp:
    '구성원, 역할, 활동 기록은 이전과 같습니다. {server}에서 그룹은 비활성화되었으며 그곳에서 삭제할 수 있습니다.',
  doneOut: '그룹이 이제 {server}에 있습니다',
  doneOutHelp:
    '정한 비밀번호로 그 서버에 로그인하세요. 여기에서 그룹은 비활성화되었으며 아무도 글을 쓸 수 없습니다. 돌아올 때를 위해 구성원, 역할, 활동 기록은 남습니다.',
}
