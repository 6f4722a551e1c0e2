package caldavtest

import "net/http"

func (s *Server) freeBusyQuery(res resource, n *node) *reply { return answer(http.StatusForbidden) }
func (s *Server) post(r *request, res resource) *reply       { return answer(http.StatusForbidden) }
