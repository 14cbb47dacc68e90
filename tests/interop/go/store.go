package main

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"triwire.test/interop/pb/zitadel"
)

// store is one instance: everything that the server knows, in memory. Its methods are called with mu held.
type store struct {
	mu            sync.Mutex
	instance      string
	hosts         map[string]bool // names of the instance; set before the first call and never changed
	home          string
	last          stamp
	lastID        uint64
	defaults      *policy
	organizations map[string]*organization
	users         map[string]*user
	tokens        map[string]*token // by secret
}

// stamp is the place of a change in the history of the instance.
type stamp struct {
	sequence uint64
	at       time.Time
}

type organization struct {
	id, name         string
	inactive         bool
	created, changed stamp
	policy           *policy // nil: inherits that of the instance
	policyChanged    stamp
}

type user struct {
	id, home, name string
	roles          []string            // in the instance
	memberships    map[string][]string // roles by organization
}

type token struct {
	id, user string
	expires  time.Time // zero: never
}

// newStore makes an instance with one organization and an administrator, whose token it returns.
func newStore() (*store, string) {
	s := &store{
		lastID:        uint64(time.Now().UnixMilli()) << 16,
		organizations: map[string]*organization{},
		users:         map[string]*user{},
		tokens:        map[string]*token{},
	}
	s.instance = s.newID()
	s.defaults = defaultPolicy(s.next())
	home := s.addOrganization("Interop")
	s.home = home.id
	admin := &user{id: s.newID(), home: home.id, name: "admin", roles: []string{"IAM_OWNER"}, memberships: map[string][]string{}}
	s.users[admin.id] = admin
	secret, _ := s.addToken(admin.id, time.Time{})
	return s, secret
}

// next is the stamp of a new change. Dates are as precise as those of the database of the original: microseconds.
func (s *store) next() stamp {
	at := time.Now().UTC().Truncate(time.Microsecond)
	if !at.After(s.last.at) {
		at = s.last.at.Add(time.Microsecond)
	}
	s.last = stamp{s.last.sequence + 1, at}
	return s.last
}

func (s *store) newID() string {
	s.lastID += 1009
	return strconv.FormatUint(s.lastID, 10)
}

func (s *store) addOrganization(name string) *organization {
	now := s.next()
	org := &organization{id: s.newID(), name: name, created: now, changed: now, policyChanged: now}
	s.organizations[org.id] = org
	return org
}

func (s *store) removeOrganization(id string) stamp {
	delete(s.organizations, id)
	for userID, user := range s.users {
		delete(user.memberships, id)
		if user.home == id {
			s.removeUser(userID)
		}
	}
	return s.next()
}

func (s *store) removeUser(id string) {
	delete(s.users, id)
	for secret, token := range s.tokens {
		if token.user == id {
			delete(s.tokens, secret)
		}
	}
}

func (s *store) addToken(user string, expires time.Time) (secret string, id string) {
	random := make([]byte, 40)
	rand.Read(random)
	secret = base64.RawURLEncoding.EncodeToString(random)
	id = s.newID()
	s.tokens[secret] = &token{id: id, user: user, expires: expires}
	return secret, id
}

// created are the details of an object that this change made or added to.
func created(at stamp, owner string) *zitadel.ObjectDetails {
	return &zitadel.ObjectDetails{Sequence: at.sequence, CreationDate: timestamppb.New(at.at), ResourceOwner: owner}
}

// changed are the details of any other change.
func changed(at stamp, owner string) *zitadel.ObjectDetails {
	return &zitadel.ObjectDetails{Sequence: at.sequence, ChangeDate: timestamppb.New(at.at), ResourceOwner: owner}
}

// read are the details of an object that is read.
func read(created, changed stamp, owner string) *zitadel.ObjectDetails {
	return &zitadel.ObjectDetails{
		Sequence:      changed.sequence,
		CreationDate:  timestamppb.New(created.at),
		ChangeDate:    timestamppb.New(changed.at),
		ResourceOwner: owner,
	}
}
