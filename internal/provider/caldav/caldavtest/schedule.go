package caldavtest

// save stores an object that has passed all checks.
func (s *Server) save(r *request, res resource, cal *component, uid string, data []byte) *object {
	return s.store(res.cal, r.path[3], data, uid)
}

// erase removes an object.
func (s *Server) erase(r *request, res resource) {
	res.cal.drop(res.obj)
}
